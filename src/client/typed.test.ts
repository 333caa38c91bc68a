import { expect, test } from "vitest";
import { Hub } from "../hub/hub.js";
import { typed } from "./index.js";
import type { ConnectionLike, Subscriber } from "./types.js";

class TestHub extends Hub<{ notice(text: string): void }> {
  async total(_numbers: AsyncIterable<number>) {
    return 0;
  }
}

/** An official client without a network: it keeps what it is given. */
class FakeConnection implements ConnectionLike {
  state = "Connected";
  readonly connectionId = "id";
  readonly log: string[] = [];
  listener: (...args: never[]) => unknown = () => undefined;
  sendFailure: Error | undefined;
  #lose: Array<() => void> = [];

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  onclose(callback: () => void): void {
    this.#lose.push(callback);
  }
  onreconnecting(callback: () => void): void {
    this.#lose.push(callback);
  }
  onreconnected(): void {}
  off(): void {}
  on(_method: string, handler: (...args: never[]) => unknown): void {
    this.listener = handler;
  }
  stream(): never {
    throw new Error("no streams here");
  }
  async invoke(_method: string, ...args: unknown[]): Promise<unknown> {
    await this.send("", ...args);
    return undefined;
  }
  async send(_method: string, ...args: unknown[]): Promise<void> {
    if (this.sendFailure !== undefined) throw this.sendFailure;
    const subscriber: Subscriber = {
      next: (item) => this.log.push(`item ${item}`),
      error: (error) => this.log.push(`error ${error}`),
      complete: () => this.log.push("complete"),
    };
    for (const arg of args) (arg as { subscribe(subscriber: Subscriber): void }).subscribe(subscriber);
  }
  get watchers(): number {
    return this.#lose.length;
  }
  lose(state: string): void {
    this.state = state;
    for (const callback of this.#lose) callback();
  }
}

/** A source driven by hand. */
function source() {
  let settle: { resolve(item: number): void; reject(error: Error): void } | undefined;
  let onClose: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    onClose = resolve;
  });
  const iterator: AsyncIterator<number> = {
    next: () =>
      new Promise((resolve, reject) => {
        settle = { resolve: (value) => resolve({ done: false, value }), reject };
      }),
    return: async () => {
      onClose();
      return { done: true, value: undefined };
    },
  };
  return {
    iterable: { [Symbol.asyncIterator]: () => iterator },
    closed,
    give: (item: number) => settle?.resolve(item),
    fail: (error: Error) => settle?.reject(error),
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a listener gives no answer, and its failure goes to the official client", async () => {
  const connection = new FakeConnection();
  const chat = typed<TestHub>(connection);

  chat.on("notice", (text) => text.length);
  expect(await connection.listener("hi" as never)).toBeUndefined();
  chat.on("notice", async () => {
    throw new Error("the page is gone");
  });
  await expect(connection.listener("hi" as never)).rejects.toThrow("the page is gone");
});

test("an upload ends for good when the client has to reconnect", async () => {
  const connection = new FakeConnection();
  const { iterable, closed, give } = source();
  await typed<TestHub>(connection).send("total", iterable);
  give(1);
  await turn();
  connection.lose("Reconnecting");
  await closed;
  connection.state = "Connected";
  give(2);
  await turn();

  expect(connection.log).toEqual(["item 1"]);
});

test("a source that fails after the connection is told to nobody", async () => {
  const connection = new FakeConnection();
  const { iterable, fail } = source();
  await typed<TestHub>(connection).send("total", iterable);
  connection.state = "Disconnecting";
  fail(new Error("too late"));
  await turn();

  expect(connection.log).toEqual([]);
});

test("a call that cannot be sent closes its sources, whatever they answer to that", async () => {
  const connection = new FakeConnection();
  connection.sendFailure = new Error("not sent");
  const { iterable, closed } = source();
  const odd = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: true, value: undefined }),
      return: () => {
        throw new Error("no way to close this");
      },
    }),
  };
  const chat = typed<TestHub>(connection);

  await expect(chat.send("total", iterable)).rejects.toThrow("not sent");
  await expect(closed).resolves.toBeUndefined();
  await expect(chat.invoke("total", odd as AsyncIterable<never>)).rejects.toThrow("not sent");
});

test("a connection is watched once, however often it is typed and uploads", async () => {
  const connection = new FakeConnection();
  for (let count = 0; count < 3; count += 1) {
    await typed<TestHub>(connection).send("total", source().iterable);
  }

  expect(connection.watchers).toBe(2);
});
