/** What a browser's page may write, with no types of Node at hand; checked by the compiler, never run. */
import { HubConnectionBuilder } from "@microsoft/signalr";
import { typed } from "azure-signalr-server/client";
import type { PageHub } from "./hub.js";

const page = typed<PageHub>(new HubConnectionBuilder().withUrl("/page").build());
page.on("messageReceived", (text) => text.toUpperCase());
const length: number = await page.invoke("say", "hi");
for await (const item of page.stream("countdown", length)) item.toFixed();
for await (const item of page.stream("feed")) item.toUpperCase();
await page.invoke("total", new ReadableStream<number>());
// @ts-expect-error no such method
await page.invoke("sing");
