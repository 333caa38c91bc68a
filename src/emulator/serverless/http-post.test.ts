import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../test/support/manual-clock.js";
import { eventually, turns } from "../../../test/support/polling.js";
import { Webhook } from "../../../test/support/webhook.js";
import { Poster } from "./http-post.js";

let webhook: Webhook;
let poster: Poster;
let clock: ManualClock;

beforeEach(async () => {
  webhook = await Webhook.start();
  clock = new ManualClock();
  poster = new Poster({ maxRequests: 2, timeoutMs: 1000, maxResponseBytes: 10, clock });
});

afterEach(async () => {
  poster.stop();
  await webhook[Symbol.asyncDispose]();
});

const post = (path = "/", to = webhook.url) => poster.post(new URL(to + path), {}, Buffer.from("body"));

describe("posting", () => {
  test("gives status and body, and leaves nothing running", async () => {
    webhook.answer = (_request, response) => void response.writeHead(418).end("1234567890");
    expect(await post()).toEqual({ kind: "answer", status: 418, body: Buffer.from("1234567890") });
    expect(webhook.requests[0]?.body.toString()).toBe("body");
    expect(clock.pendingTimers).toBe(0);
  });

  test("has so many requests under way at once, and takes the others in their order", async () => {
    const open: Array<() => void> = [];
    webhook.answer = (_request, response) => void open.push(() => response.end());
    const posts = [1, 2, 3, 4].map((number) => post(`/${number}`));
    await eventually(() => open.length === 2);
    await turns();
    expect(open).toHaveLength(2);
    open[0]?.();
    await eventually(() => open.length === 3);
    expect(webhook.requests.map(({ path }) => path).slice(2)).toEqual(["/3"]);
    open[1]?.();
    await eventually(() => open.length === 4);
    for (const end of open) end();
    expect((await Promise.all(posts)).map(({ kind }) => kind)).toEqual(Array(4).fill("answer"));
  });

  test("gives up after its time, which begins when the request does", async () => {
    webhook.answer = () => {};
    const results = [post("/1"), post("/2"), post("/3")];
    await eventually(() => webhook.requests.length === 2);
    clock.advance(1000);
    await eventually(() => webhook.requests.length === 3);
    clock.advance(999);
    webhook.answer = (_request, response) => void response.end();
    clock.advance(1);
    for (const result of results) {
      expect(await result).toMatchObject({ kind: "failed", error: { message: "No answer came within 1000 ms." } });
    }
  });

  test("reads no more of an answer than it may", async () => {
    webhook.answer = (_request, response) => void response.end("12345678901");
    expect(await post()).toEqual({ kind: "tooLarge" });
  });

  test("says why it failed", async () => {
    expect(await post("/", "http://127.0.0.1:9")).toMatchObject({ kind: "failed" });
    expect(await poster.post(new URL("ftp://127.0.0.1"), {}, Buffer.alloc(0))).toMatchObject({ kind: "failed" });
    expect(await poster.post(new URL(webhook.url), { "Bad\n": "x" }, Buffer.alloc(0))).toMatchObject({
      kind: "failed",
    });
  });

  test("ends with what is under way and what waits when it is stopped", async () => {
    webhook.answer = () => {};
    const results = [post(), post(), post()];
    await eventually(() => webhook.requests.length === 2);
    poster.stop();
    expect((await Promise.all(results)).map(({ kind }) => kind)).toEqual(["failed", "failed", "failed"]);
    expect(await post()).toMatchObject({ kind: "failed", error: { message: "The emulator stops." } });
    expect(clock.pendingTimers).toBe(0);
  });

  test("asks once more when the receiver had closed the kept connection", async () => {
    const sockets: Socket[] = [];
    let answered = 0;
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      socket.on("data", () => {
        answered += 1;
        // The second request of the first connection finds it closed, as when a keep-alive time runs out.
        if (answered === 2) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as { port: number };
    const to = `http://127.0.0.1:${port}`;
    expect(await post("/", to)).toMatchObject({ kind: "answer", status: 200 });
    expect(await post("/", to)).toMatchObject({ kind: "answer", status: 200 });
    expect(sockets).toHaveLength(2);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});
