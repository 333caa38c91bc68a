import { Readable } from "node:stream";
import { concat, from, Observable, of, range, throwError } from "rxjs";
import { describe, expect, test } from "vitest";
import { HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import { HubException } from "../base/errors.js";
import { Hub } from "./hub.js";
import { hubMethods } from "./method-options.js";
import type { HubProtocolName } from "./options.js";
import { openStream } from "./streams.js";

function streamingHub() {
  const log: string[] = [];
  class StreamingHub extends Hub {
    static override readonly methods = hubMethods<StreamingHub>({
      readable: { returns: "stream" },
      promised: { returns: "stream" },
      node: { returns: "stream" },
      nothing: { returns: "stream" },
      array: { returns: "stream" },
      rejected: { returns: "stream" },
      bare: { returns: "stream" },
      locked: { returns: "stream" },
      endless: { returns: "stream" },
    });
    async *count(to: number) {
      try {
        for (let at = 1; at <= to && !this.signal.aborted; at += 1) {
          yield at;
          log.push(`after ${at}`);
        }
      } finally {
        log.push("cleaned up");
      }
    }
    async *failing(kind: string) {
      yield "before";
      throw kind === "hub" ? new HubException("enough") : new TypeError("internal");
    }
    async *failingAtOnce() {
      if (!this.signal.aborted) throw new HubException("not even one");
      yield "never";
    }
    readable(items: unknown[]) {
      return new ReadableStream({
        start(controller) {
          for (const item of items) controller.enqueue(item);
          controller.close();
        },
      });
    }
    endless() {
      return new ReadableStream({
        pull: () => new Promise(() => {}),
        cancel: () => {
          log.push("source cancelled");
        },
      });
    }
    async promised() {
      return this.readable(["promised"]);
    }
    node() {
      return Readable.from(["a", "b"]);
    }
    nothing() {
      return null;
    }
    array() {
      return [1, 2];
    }
    async rejected() {
      throw new HubException("no stream");
    }
    bare() {
      let at = 0;
      return { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: at === 2, value: at++ }) }) };
    }
    locked() {
      const stream = new ReadableStream();
      stream.getReader();
      return stream;
    }
    async *stuck() {
      yield 1;
      log.push("stuck");
      await new Promise(() => {});
    }
    async *unwritable() {
      yield 1;
      const item: Record<string, unknown> = {};
      item["self"] = item;
      yield item;
    }
    async *untilTold() {
      const { signal } = this;
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      log.push("told");
      yield "too late";
    }
    override onConnected() {
      this.context.items.set("isConnected", true);
    }
    [Symbol.dispose]() {
      // The objects of onConnected and onDisconnected are not what is looked at here.
      if (this.context.items.delete("isConnected") || this.context.signal.aborted) return;
      log.push("disposed");
    }
  }
  return { log, StreamingHub };
}

const FAILED = "An error occurred on the server while streaming results.";

describe.each<HubProtocolName>(["json", "messagepack"])("streams over %s", (protocol) => {
  test.each<[string, unknown[], unknown[]]>([
    ["count", [3], [1, 2, 3]],
    ["count", [0], []],
    ["readable", [["x", null, { y: 1 }]], ["x", null, { y: 1 }]],
    ["promised", [], ["promised"]],
    ["node", [], ["a", "b"]],
    ["bare", [], [0, 1]],
  ])("%s(%j) sends each item and ends without a result", async (target, args, items) => {
    const { StreamingHub } = streamingHub();
    const client = await new HubHarness(StreamingHub).connect(protocol);
    const invocationId = client.stream(target, ...args);
    for (const item of items) expect(await client.next()).toEqual({ type: 2, invocationId, item });
    expect(await client.next()).toEqual({ type: 3, invocationId, hasResult: false });
    await turns();
    expect(client.unread).toEqual([]);
  });

  test.each<[string, unknown[], number, string, string]>([
    ["failing", ["hub"], 1, `${FAILED} HubException: enough`, `${FAILED} HubException: enough`],
    ["failing", ["other"], 1, FAILED, `${FAILED} TypeError: internal`],
    ["failingAtOnce", [], 0, `${FAILED} HubException: not even one`, `${FAILED} HubException: not even one`],
    [
      "rejected",
      [],
      0,
      "An unexpected error occurred invoking 'rejected' on the server. HubException: no stream",
      "An unexpected error occurred invoking 'rejected' on the server. HubException: no stream",
    ],
    [
      "nothing",
      [],
      0,
      "The value returned by the streaming method 'nothing' is not a ChannelReader<> or IAsyncEnumerable<>.",
      "The value returned by the streaming method 'nothing' is not a ChannelReader<> or IAsyncEnumerable<>.",
    ],
    [
      "array",
      [],
      0,
      "The value returned by the streaming method 'array' is not a ChannelReader<> or IAsyncEnumerable<>.",
      "The value returned by the streaming method 'array' is not a ChannelReader<> or IAsyncEnumerable<>.",
    ],
  ])("%s(%j) delivers %i items and then its error", async (target, args, items, text, detailed) => {
    const { StreamingHub } = streamingHub();
    for (const [enableDetailedErrors, error] of [
      [false, text],
      [true, detailed],
    ] as const) {
      const client = await new HubHarness(StreamingHub, { enableDetailedErrors }).connect(protocol);
      client.stream(target, ...args);
      for (let count = 0; count < items; count += 1) expect((await client.next()).type).toBe(2);
      expect(await client.completion()).toMatchObject({ error, hasResult: false });
    }
  });

  test("an item that cannot be written fails the stream, not the connection", async () => {
    const { StreamingHub } = streamingHub();
    const client = await new HubHarness(StreamingHub).connect(protocol);
    client.stream("unwritable");
    expect(await client.next()).toMatchObject({ item: 1 });
    expect((await client.completion()).error).toBe(FAILED);
    expect(client.session.isOpen).toBe(true);
  });
});

describe("a cancelled stream", () => {
  test("completes at once, is told by its signal and cleans up", async () => {
    const { log, StreamingHub } = streamingHub();
    const client = await new HubHarness(StreamingHub).connect();
    const drain = client.fill();
    const id = client.stream("count", 1000);
    expect(await client.next()).toMatchObject({ item: 1 });
    client.cancel(id);
    client.cancel(id);
    drain();
    await turns();
    expect(client.unread).toEqual([{ type: 3, invocationId: id, hasResult: false }]);
    expect(log).toEqual(["cleaned up", "disposed"]);
  });

  test("completes although its next item never comes", async () => {
    const { log, StreamingHub } = streamingHub();
    const client = await new HubHarness(StreamingHub).connect();
    const id = client.stream("stuck");
    await client.next();
    await turns();
    client.cancel(id);
    expect(await client.completion()).toEqual({ type: 3, invocationId: id, hasResult: false });
    expect(log).toEqual(["stuck"]);
  });

  test("sends nothing of what its method still yields, and ends well when that fails", async () => {
    const { log, StreamingHub } = streamingHub();
    const harness = new HubHarness(StreamingHub);
    const client = await harness.connect();
    const id = client.stream("untilTold");
    await turns();
    client.cancel(id);
    await turns();
    expect(client.received).toEqual([{ type: 3, invocationId: "0", hasResult: false }]);
    expect(log).toEqual(["told", "disposed"]);
    expect(harness.probe.events("error")).toEqual([]);
  });

  test("cancels the source of a ReadableStream while a read is pending", async () => {
    const { log, StreamingHub } = streamingHub();
    const client = await new HubHarness(StreamingHub).connect();
    const id = client.stream("endless");
    await turns();
    client.cancel(id);
    expect((await client.completion()).error).toBeUndefined();
    await turns();
    expect(log).toEqual(["source cancelled", "disposed"]);
  });

  test("that was cancelled before it could begin completes without an item", async () => {
    const { StreamingHub } = streamingHub();
    const client = await new HubHarness(StreamingHub).connect();
    client.send(
      { type: 4, invocationId: "s", target: "readable", arguments: [[1, 2, 3]] },
      { type: 5, invocationId: "s" },
    );
    expect(await client.next()).toEqual({ type: 3, invocationId: "s", hasResult: false });
    await turns();
    expect(client.unread).toEqual([]);
  });
});

test("a stream ends with its connection and cleans up", async () => {
  const { log, StreamingHub } = streamingHub();
  const client = await new HubHarness(StreamingHub).connect();
  const drain = client.fill();
  client.stream("count", 10);
  await client.next();
  client.session.gone();
  drain();
  await client.session.closed;
  await turns();
  expect(client.unread).toEqual([]);
  expect(log).toEqual(["cleaned up"]);
});

test("a stream whose method ends its own connection is cancelled at once", async () => {
  const log: string[] = [];
  class SelfEndingHub extends Hub {
    static override readonly methods = hubMethods<SelfEndingHub>({ leave: { returns: "stream" } });
    leave() {
      this.context.abort();
      const { signal } = this;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<IteratorResult<number>>(() => {}),
          return: async () => {
            log.push(`returned, aborted: ${signal.aborted}`);
            return { done: true, value: undefined };
          },
        }),
      };
    }
  }
  const client = await new HubHarness(SelfEndingHub).connect();
  client.stream("leave");
  await client.session.closed;
  expect(log).toEqual(["returned, aborted: true"]);
  expect(client.received).toEqual([{ type: 7 }]);
  await turns();
  expect(client.session.pendingWork).toBe(0);
});

test("a cancel in the very moment in which the stream ends brings no second completion", async () => {
  class EndingHub extends Hub {
    async *one(fails: boolean) {
      yield 1;
      if (fails) throw new Error("ended badly");
    }
  }
  for (const fails of [false, true]) {
    const client = await new HubHarness(EndingHub).connect();
    client.onSend = () => {
      if (client.received.at(-1)?.type === 3) queueMicrotask(() => client.cancel("0"));
    };
    client.stream("one", fails);
    await turns();
    expect(client.received.map((message) => message.type)).toEqual([2, 3]);
  }
});

test("no item is asked for while the way out is full", async () => {
  const { log, StreamingHub } = streamingHub();
  const client = await new HubHarness(StreamingHub).connect();
  const drain = client.fill();
  client.stream("count", 3);
  await turns();
  expect(client.received).toHaveLength(1);
  expect(log).toEqual([]);
  drain();
  await turns();
  expect(client.received).toHaveLength(4);
});

test("streams that never wait let everything else run, and end when the client says so", async () => {
  const { StreamingHub } = streamingHub();
  const client = await new HubHarness(StreamingHub).connect();
  client.stream("count", 100_000);
  client.stream("count", 100_000);
  await turns(10);
  // Far from all of them; both streams get on.
  expect(client.received.length).toBeLessThan(2000);
  const ids = client.received.map((message) => ("invocationId" in message ? message.invocationId : undefined));
  expect(new Set(ids).size).toBe(2);
  client.cancel("0");
  client.cancel("1");
  await turns(2);
  expect(client.received.filter((message) => message.type === 3)).toHaveLength(2);
});

test("a locked ReadableStream is the method's failure", async () => {
  const { StreamingHub } = streamingHub();
  const client = await new HubHarness(StreamingHub).connect();
  client.stream("locked");
  expect((await client.completion()).error).toBe("An unexpected error occurred invoking 'locked' on the server.");
});

test("values that are no streams are not opened", () => {
  for (const value of [undefined, null, 1, "text", [1], {}, () => {}, [Symbol.asyncIterator]]) {
    expect(openStream(value, 10)).toBeUndefined();
  }
});

describe("an observable", () => {
  let isSubscribed = false;
  class ObservableHub extends Hub {
    static override readonly methods = hubMethods<ObservableHub>({
      list: { returns: "stream" },
      ticking: { returns: "stream" },
      broken: { returns: "stream" },
      flood: { returns: "stream" },
    });
    list() {
      return from(["a", "b", "c"]);
    }
    ticking() {
      isSubscribed = true;
      return new Observable<number>((subscriber) => {
        subscriber.next(1);
        return () => {
          isSubscribed = false;
        };
      });
    }
    broken() {
      return concat(
        of(1),
        throwError(() => new HubException("no more")),
      );
    }
    flood() {
      return range(0, 12);
    }
  }

  /** The items up to the completion, and how that ended. */
  async function readAll(client: Awaited<ReturnType<HubHarness["connect"]>>) {
    const items: unknown[] = [];
    for (;;) {
      const message = await client.next();
      if (message.type === 3) return { items, error: message.error, hasResult: message.hasResult };
      if (message.type === 2) items.push(message.item);
    }
  }

  test("is sent item by item, with its error or its end", async () => {
    const client = await new HubHarness(ObservableHub).connect();
    client.stream("list");
    expect(await readAll(client)).toEqual({ items: ["a", "b", "c"], error: undefined, hasResult: false });
    client.stream("broken");
    const broken = await readAll(client);
    expect(broken.items).toEqual([1]);
    expect(broken.error).toBe("An error occurred on the server while streaming results. HubException: no more");
  });

  test("is left when the client cancels", async () => {
    const client = await new HubHarness(ObservableHub).connect();
    const id = client.stream("ticking");
    await turns();
    expect(isSubscribed).toBe(true);
    client.cancel(id);
    expect((await readAll(client)).error).toBeUndefined();
    expect(isSubscribed).toBe(false);
  });

  test("that gives more than may wait fails its stream", async () => {
    const client = await new HubHarness(ObservableHub, {
      observableCapacity: 10,
      enableDetailedErrors: true,
    }).connect();
    client.stream("flood");
    expect((await readAll(client)).error).toContain("gave more than 10 items");
  });
});
