/** What must and must not compile for users of the package; checked by the compiler, never run. */

import { HubConnectionBuilder } from "@microsoft/signalr";
import { Hub, type HubFilter, type HubOptions, hubMethods } from "azure-signalr-server";
import { typed } from "azure-signalr-server/client";
import { signalr } from "azure-signalr-server/express";
import type express from "express";

interface ChatClient {
  messageReceived(user: string, text: string): void;
  confirm(question: string): boolean;
}

class ChatHub extends Hub<ChatClient> {
  static override readonly methods = hubMethods<ChatHub>({
    sendMessage: { argumentCount: [2, 2] },
    feed: { returns: "stream" },
    secret: false,
  });
  async sendMessage(user: string, text: string): Promise<number> {
    await this.clients.all.send("messageReceived", user, text);
    // @ts-expect-error no such client method
    await this.clients.all.send("messageRecieved", user, text);
    // @ts-expect-error an argument is missing
    await this.clients.all.send("messageReceived", user);
    // @ts-expect-error wrong type
    await this.clients.group("g").send("messageReceived", user, 5);
    const answer: boolean = await this.clients.caller.invoke("confirm", "Sure?");
    await this.clients.caller.invoke("confirm", "Sure?", AbortSignal.timeout(1000));
    // @ts-expect-error the client answers with a boolean
    const wrong: string = await this.clients.caller.invoke("confirm", "Sure?");
    // @ts-expect-error only single clients can be asked
    await this.clients.all.invoke("confirm", "Sure?");
    return answer ? wrong.length : 0;
  }
  async *countdown(from: number) {
    for (let count = from; count > 0; count -= 1) yield count;
  }
  feed(): ReadableStream<string> {
    return new ReadableStream();
  }
  async total(numbers: AsyncIterable<number>) {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  }
  optional(first: string, second?: number) {
    return second ?? first;
  }
  secret() {}
  parse(text: string) {
    return JSON.parse(text);
  }
  _internal() {}
}

// @ts-expect-error "shout" is no method of the hub
hubMethods<ChatHub>({ shout: false });
// @ts-expect-error lifecycle methods are no hub methods
hubMethods<ChatHub>({ onConnected: false });

class AnyHub extends Hub {
  async relay(text: string) {
    await this.clients.others.send("whatever", text, 1, { deep: true });
    const result: unknown = await this.clients.caller.invoke("anything");
    return result;
  }
}

abstract class NeedsServices extends Hub<ChatClient> {
  readonly rooms: ReadonlyMap<string, string>;
  constructor(rooms: ReadonlyMap<string, string>) {
    super();
    this.rooms = rooms;
  }
}

const filter: HubFilter = {
  async invoke(invocation, next) {
    invocation.args.push(invocation.methodName);
    return next();
  },
};
const options: HubOptions = {
  filters: [filter],
  maximumReceiveMessageSize: null,
  createHub: (hubClass, context) => new (hubClass as unknown as new (id: string) => ChatHub)(context.connectionId),
};
// @ts-expect-error no such protocol
const wrongOptions: HubOptions = { supportedProtocols: ["xml"] };

const hubs = signalr.named("signalr", { claimsProvider: (request: express.Request) => ({ sub: request.ip ?? "" }) });
hubs.mapHub("/chat", ChatHub, { ...options, authorize: (request) => Boolean(request.headers.authorization) });
hubs.mapHub("/any", AnyHub, wrongOptions);
hubs.mapHub("/services", NeedsServices);
// @ts-expect-error not a hub
hubs.mapHub("/date", Date);
const context = hubs.context(ChatHub);
await context.clients.user("ann").send("messageReceived", "ops", "hi");
const confirmed: boolean = await context.clients.client("id").invoke("confirm", "Sure?");
// @ts-expect-error there is no caller outside of a hub call
context.clients.caller;
await hubs.context(AnyHub).clients.all.send("anything", confirmed);

const connection = new HubConnectionBuilder().withUrl("/chat").build();
const chat = typed<ChatHub>(connection);
chat.on("messageReceived", (user, text) => user.concat(text));
// @ts-expect-error text is no number
chat.on("messageReceived", (_user, text: number) => text);
// @ts-expect-error no such client method
chat.on("nothing", () => {});
chat.handle("confirm", (question) => question.length > 0);
chat.handle("confirm", async () => true);
// @ts-expect-error the server wants a boolean
chat.handle("confirm", () => "yes");
const count: number = await chat.invoke("sendMessage", "ann", "hi");
// @ts-expect-error an argument is missing
await chat.invoke("sendMessage", "ann");
// @ts-expect-error a method of the base class is no hub method
await chat.invoke("onConnected");
// @ts-expect-error streams are read, not invoked
await chat.invoke("countdown", 3);
// @ts-expect-error a plain method is no stream
chat.stream("sendMessage", "ann", "hi");
for await (const item of chat.stream("countdown", 3)) item.toFixed();
for await (const item of chat.stream("feed")) item.toUpperCase();
// @ts-expect-error items are numbers
for await (const item of chat.stream("countdown", 3)) item.toUpperCase();
async function* numbers() {
  yield 1;
}
const sum: number = await chat.invoke("total", numbers());
await chat.invoke("total", new ReadableStream<number>());
// @ts-expect-error an upload of numbers
await chat.invoke("total", new ReadableStream<string>());
await chat.invoke("parse", "{}");
// @ts-expect-error a result of type any is no stream
chat.stream("parse", "{}");
// @ts-expect-error clients cannot call names that begin with _
await chat.invoke("_internal");
await chat.invoke("optional", "a");
await chat.invoke("optional", "a", sum + count);
await chat.connection.start();
chat.connection.onclose((error) => error?.message);
chat.connection.connectionId?.length;
const anything = typed<AnyHub>(connection);
anything.on("whatever", (...args) => args.length);
await anything.invoke("relay", "text");
