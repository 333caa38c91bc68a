import { type HubConnection, Subject } from "@microsoft/signalr";
import { Hub, HubException, hubMethods } from "azure-signalr-server";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { failureOf, HubServer } from "../support/hub-server.js";

/** What hub methods report, awaited by tests. */
class Reports {
  readonly #reports: string[] = [];
  #waiters: Array<() => void> = [];

  tell(report: string): void {
    this.#reports.push(report);
    for (const wake of this.#waiters.splice(0)) wake();
  }

  async next(): Promise<string> {
    for (;;) {
      const report = this.#reports.shift();
      if (report !== undefined) return report;
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
      });
    }
  }
}

const reports = new Reports();

class StreamHub extends Hub {
  static override readonly methods = hubMethods<StreamHub>({
    readable: { returns: "stream" },
    notAStream: { returns: "stream" },
    merge: { streams: [0, 2] },
    checked: { args: [z.number()] },
  });
  async *count(to: number) {
    for (let at = 1; at <= to; at += 1) yield at;
  }
  async *endless() {
    const { signal } = this;
    try {
      for (let at = 0; ; at += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        yield at;
      }
    } finally {
      reports.tell(`endless ended, aborted: ${signal.aborted}`);
    }
  }
  async *silent() {
    yield "first";
    await new Promise(() => {});
  }
  async *failing() {
    yield "before";
    throw new Error("secret");
  }
  async *failingForClient() {
    yield "before";
    throw new HubException("enough");
  }
  readable() {
    return new ReadableStream({
      start(controller) {
        controller.enqueue({ from: "readable" });
        controller.close();
      },
    });
  }
  notAStream() {
    return 5;
  }
  async total(numbers: AsyncIterable<number>) {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  }
  checked(numbers: AsyncIterable<number>) {
    return this.total(numbers);
  }
  async merge(first: AsyncIterable<unknown>, between: string, second: AsyncIterable<unknown>) {
    const read: unknown[] = [];
    for await (const item of first) read.push(item);
    read.push(between);
    for await (const item of second) read.push(item);
    return read;
  }
  async first(items: AsyncIterable<unknown>) {
    for await (const item of items) return item;
    return "nothing";
  }
  async *doubled(numbers: AsyncIterable<number>) {
    for await (const number of numbers) yield number * 2;
  }
  async swallows(items: AsyncIterable<unknown>) {
    try {
      for await (const item of items) reports.tell(`read ${item}`);
      reports.tell("ended");
    } catch (error) {
      reports.tell(String(error));
    }
  }
  echo(value: unknown) {
    return value;
  }
}

let server: HubServer;
beforeAll(async () => {
  server = await HubServer.start({ hubs: { "/stream": StreamHub } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
afterEach(() => server.stopClients());

function read(
  client: HubConnection,
  method: string,
  ...args: unknown[]
): Promise<{ items: unknown[]; error?: string }> {
  const items: unknown[] = [];
  return new Promise((resolve) => {
    client.stream(method, ...args).subscribe({
      next: (item) => items.push(item),
      complete: () => resolve({ items }),
      error: (error: Error) => resolve({ items, error: error.message }),
    });
  });
}

function upload(...items: readonly unknown[]): Subject<unknown> {
  const subject = new Subject<unknown>();
  // The client subscribes inside of invoke, so items go out afterwards.
  queueMicrotask(() => {
    for (const item of items) subject.next(item);
    subject.complete();
  });
  return subject;
}

describe.each(["json", "messagepack"] as const)("over %s", (protocol) => {
  const connect = (): Promise<HubConnection> => server.connect("/stream", { protocol });

  test("a stream gives all its items and ends", async () => {
    const client = await connect();
    const { items, error } = await read(client, "count", 5000);
    expect(error).toBeUndefined();
    expect(items).toEqual(Array.from({ length: 5000 }, (_, at) => at + 1));
    expect(await read(client, "COUNT", 0)).toEqual({ items: [] });
    expect(await read(client, "readable")).toEqual({ items: [{ from: "readable" }] });
  });

  test("a stream that fails gives what came before, and its error", async () => {
    const client = await connect();
    expect(await read(client, "failing")).toEqual({
      items: ["before"],
      error: "An error occurred on the server while streaming results.",
    });
    expect(await read(client, "failingForClient")).toEqual({
      items: ["before"],
      error: "An error occurred on the server while streaming results. HubException: enough",
    });
  });

  test("a stream that cannot begin says why", async () => {
    const client = await connect();
    const errors: Array<string | undefined> = [];
    for (const method of ["notAStream", "echo", "absent"])
      errors.push((await read(client, method, ...(method === "echo" ? [1] : []))).error);
    expect(errors).toEqual([
      "The value returned by the streaming method 'notAStream' is not a ChannelReader<> or IAsyncEnumerable<>.",
      "The client attempted to invoke the non-streaming 'echo' method with a streaming invocation.",
      "Failed to invoke 'absent' due to an error on the server. HubException: Method does not exist.",
    ]);
  });

  test("a stream ends when the client has enough", async () => {
    const client = await connect();
    await new Promise<void>((resolve) => {
      const subscription = client.stream("endless").subscribe({
        next: (item) => {
          if (item !== 5) return;
          subscription.dispose();
          resolve();
        },
        complete: () => {},
        error: () => {},
      });
    });
    expect(await reports.next()).toBe("endless ended, aborted: true");
    expect(await client.invoke("echo", "alive")).toBe("alive");
  });

  test("a stream ends when the client leaves", async () => {
    const client = await connect();
    await new Promise((resolve) => {
      client.stream("endless").subscribe({ next: resolve, complete: () => {}, error: () => {} });
    });
    await client.stop();
    expect(await reports.next()).toBe("endless ended, aborted: true");
  });

  test("streams and calls run beside each other", async () => {
    const client = await connect();
    const subscription = client.stream("silent").subscribe({ next: () => {}, complete: () => {}, error: () => {} });
    const [one, two, called] = await Promise.all([
      read(client, "count", 100),
      read(client, "count", 200),
      client.invoke("echo", "called"),
    ]);
    expect([one.items.length, two.items.length, called]).toEqual([100, 200, "called"]);
    subscription.dispose();
  });

  test("an upload is read to its end", async () => {
    const client = await connect();
    expect(await client.invoke("total", upload(...Array.from({ length: 1000 }, (_, at) => at)))).toBe(499_500);
    expect(await client.invoke("total", upload())).toBe(0);
  });

  test("two uploads fill the positions that the hub declares", async () => {
    const client = await connect();
    expect(await client.invoke("merge", upload("a", "b"), "between", upload("c"))).toEqual(["a", "b", "between", "c"]);
    expect(await failureOf(client.invoke("merge", "between"))).toBe(
      "An unexpected error occurred invoking 'merge' on the server. HubException: Client sent 0 stream(s), Hub method expects 2.",
    );
  });

  test("an upload that breaks off fails with the client's text", async () => {
    const client = await connect();
    const subject = new Subject<unknown>();
    queueMicrotask(() => {
      subject.next(1);
      subject.error(new Error("source is dry"));
    });
    expect(await failureOf(client.invoke("total", subject))).toBe(
      "An unexpected error occurred invoking 'total' on the server. HubException: source is dry",
    );
  });

  test("an item that does not fit its schema fails the upload", async () => {
    const client = await connect();
    expect(await client.invoke("checked", upload(1, 2))).toBe(3);
    expect(await failureOf(client.invoke("checked", upload(1, "two")))).toBe(
      "An unexpected error occurred invoking 'checked' on the server. HubException: Failed to bind Stream message.",
    );
  });

  test("a method need not read its upload to the end", async () => {
    const client = await connect();
    expect(await client.invoke("first", upload("one", "two", "three"))).toBe("one");
    expect(await client.invoke("echo", "alive")).toBe("alive");
  });

  test("an upload may feed a stream", async () => {
    const client = await connect();
    expect(await read(client, "doubled", upload(1, 2, 3))).toEqual({ items: [2, 4, 6] });
  });

  test("an upload fails with its connection", async () => {
    const client = await connect();
    const subject = new Subject<unknown>();
    await client.send("swallows", subject);
    subject.next("one");
    expect(await reports.next()).toBe("read one");
    await client.stop();
    expect(await reports.next()).toBe("OperationCanceledException: The underlying connection was closed.");
  });
});
