import { expect, onTestFinished, test } from "vitest";
import { serve } from "../../test/support/http-client.js";
import { PostInbox } from "./post-inbox.js";

async function open(maxBytes = 1000) {
  const inbox = new PostInbox(maxBytes);
  const taken: string[] = [];
  inbox.listen((bytes) => {
    if (bytes.toString() === "throw") throw new Error("a receiver that throws");
    taken.push(bytes.toString());
  });
  let onArrival = (): void => {};
  const server = await serve((request, response) => {
    inbox.take(request, response);
    onArrival();
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const post = (body: string) => fetch(`http://127.0.0.1:${server.port}/`, { method: "POST", body });
  /** Resolves when the request has arrived; its answer is wrapped, to be awaited later. */
  const begin = async (body: string) => {
    const arrived = new Promise<void>((resolve) => {
      onArrival = resolve;
    });
    const answer = post(body);
    await arrived;
    return { answer };
  };
  return { inbox, taken, post, begin };
}

test("bodies are handed over and answered in their order", async () => {
  const { taken, begin } = await open();
  const posts = [await begin("a"), await begin("b"), await begin("c")];
  for (const { answer } of posts) expect((await answer).status).toBe(200);
  expect(taken).toEqual(["a", "b", "c"]);
});

test("senders wait while it is paused", async () => {
  const { inbox, taken, begin } = await open();
  inbox.pause();
  inbox.pause();
  const posts = [await begin("a"), await begin("b")];
  expect(taken).toEqual([]);
  inbox.resume();
  for (const { answer } of posts) expect((await answer).status).toBe(200);
  expect(taken).toEqual(["a", "b"]);
});

test("who waits when it closes is told that the connection is gone", async () => {
  const { inbox, taken, begin, post } = await open();
  inbox.pause();
  const posts = [await begin("a"), await begin("b")];
  inbox.close();
  for (const { answer } of posts) expect((await answer).status).toBe(404);
  expect((await post("c")).status).toBe(404);
  expect(taken).toEqual([]);
});

test("too large a body or a throwing receiver does not stop the next one", async () => {
  const { taken, post } = await open(5);
  expect((await post("123456")).status).toBe(413);
  await expect(post("throw")).rejects.toThrow();
  expect((await post("12345")).status).toBe(200);
  expect(taken).toEqual(["12345"]);
});
