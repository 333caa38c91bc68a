import { Hub, hubMethods } from "azure-signalr-server";
import { type TypedConnection, typed } from "azure-signalr-server/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { HubServer } from "../support/hub-server.js";

interface ChatClient {
  messageReceived(user: string, text: string): void;
  confirm(question: string): boolean;
}

let streamEnded: () => void = () => {};

class ChatHub extends Hub<ChatClient> {
  static override readonly methods = hubMethods<ChatHub>({
    both: { streams: [0, 2] },
    side: { streams: [0, 1] },
    neighbours: { streams: [1, 2] },
  });
  async sendMessage(user: string, text: string) {
    await this.clients.all.send("messageReceived", user, text);
    return text.length;
  }
  async *countdown(from: number) {
    for (let count = from; count > 0; count -= 1) yield count;
  }
  async *forever() {
    try {
      for (let count = 0; ; count += 1) {
        yield count;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      streamEnded();
    }
  }
  async *silent() {
    await new Promise<void>((resolve) => this.signal.addEventListener("abort", () => resolve()));
    yield 1;
  }
  async *failing() {
    yield "one";
    throw new Error("hidden");
  }
  async total(numbers: AsyncIterable<number>) {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  }
  async first(numbers: AsyncIterable<number>) {
    for await (const number of numbers) return number;
    return -1;
  }
  async both(left: AsyncIterable<number>, between: string, right: AsyncIterable<number>) {
    return `${await this.total(left)} ${between} ${await this.total(right)}`;
  }
  async side(left: AsyncIterable<number>, right: AsyncIterable<number>) {
    return (await this.total(left)) + (await this.total(right));
  }
  async neighbours(name: string, left: AsyncIterable<number>, right: AsyncIterable<number>) {
    return `${name}: ${await this.total(left)}, ${await this.total(right)}`;
  }
  ignore(_numbers: AsyncIterable<number>) {
    return "not read";
  }
  askFirst() {
    return this.clients.caller.invoke("confirm", "Sure?");
  }
}

async function* upTo(last: number, onEnd: () => void = () => {}) {
  try {
    for (let number = 1; number <= last; number += 1) yield number;
  } finally {
    onEnd();
  }
}

/** A source that has nothing to give yet, and tells when it is told to stop. */
function silentSource() {
  let onCancel: () => void = () => {};
  const cancelled = new Promise<void>((resolve) => {
    onCancel = resolve;
  });
  return { source: new ReadableStream<number>({ cancel: () => onCancel() }), cancelled };
}

let server: HubServer;
beforeAll(async () => {
  server = await HubServer.start({ hubs: { "/chat": ChatHub } });
});
afterAll(() => server[Symbol.asyncDispose]());

describe.each(["json", "messagepack"] as const)("a typed connection over %s", (protocol) => {
  let chat: TypedConnection<ChatHub>;
  const stop: Array<() => Promise<void>> = [];
  const connect = async (): Promise<TypedConnection<ChatHub>> => {
    const connection = await server.connect("/chat", { protocol });
    stop.push(() => connection.stop());
    return typed<ChatHub>(connection);
  };
  afterEach(async () => {
    await Promise.all(stop.splice(0).map((end) => end()));
  });

  test("calls, listens and stops listening", async () => {
    chat = await connect();
    const heard: string[] = [];
    const once = (user: string, text: string): void => {
      heard.push(`${user}: ${text}`);
    };
    chat.on("messageReceived", once);
    expect(await chat.invoke("sendMessage", "ann", "hi")).toBe(2);
    chat.off("messageReceived", once);
    await chat.invoke("sendMessage", "ann", "nobody listens");

    expect(heard).toEqual(["ann: hi"]);
  });

  test("answers a server that asks, with one handler only", async () => {
    chat = await connect();
    chat.on("confirm", (question) => question.length);
    chat.handle("confirm", (question) => question === "Sure?");

    expect(() => chat.handle("confirm", () => false)).toThrow(/answers already/);
    expect(await chat.invoke("askFirst")).toBe(true);
    chat.on("confirm", () => {});
    expect(await chat.invoke("askFirst")).toBe(true);
    chat.off("confirm");
    const no = async (): Promise<boolean> => false;
    chat.handle("confirm", no);
    expect(await chat.invoke("askFirst")).toBe(false);
    chat.off("confirm", no);
    chat.handle("confirm", () => true);
    expect(await chat.invoke("askFirst")).toBe(true);
  });

  test("reads streams, and delivers what came before an error", async () => {
    chat = await connect();
    const items: unknown[] = [];
    for await (const item of chat.stream("countdown", 3)) items.push(item);
    const reading = (async () => {
      for await (const item of chat.stream("failing")) items.push(item);
    })();

    await expect(reading).rejects.toThrow("An error occurred on the server while streaming results.");
    expect(items).toEqual([3, 2, 1, "one"]);
  });

  test("cancels a stream that is left", async () => {
    chat = await connect();
    const ended = new Promise<void>((resolve) => {
      streamEnded = resolve;
    });
    for await (const item of chat.stream("forever")) if (item >= 3) break;

    await expect(ended).resolves.toBeUndefined();
  });

  test("uploads iterables and streams, several in one call", async () => {
    chat = await connect();
    const readable = new ReadableStream<number>({
      start(controller) {
        controller.enqueue(40);
        controller.enqueue(2);
        controller.close();
      },
    });

    expect(await chat.invoke("total", upTo(1000))).toBe(500_500);
    expect(await chat.invoke("total", readable)).toBe(42);
    expect(await chat.invoke("both", upTo(3), "and", upTo(4))).toBe("6 and 10");
  });

  test("stops reading an upload when the call is over", async () => {
    chat = await connect();
    let stopped: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      stopped = resolve;
    });

    expect(await chat.invoke("first", upTo(Number.MAX_SAFE_INTEGER, stopped))).toBe(1);
    await expect(ended).resolves.toBeUndefined();
  });

  test("stops a source that waits for its next item, at the end of the call and of the connection", async () => {
    chat = await connect();
    const ofCall = silentSource();
    const ofConnection = silentSource();

    expect(await chat.invoke("ignore", ofCall.source)).toBe("not read");
    await expect(ofCall.cancelled).resolves.toBeUndefined();
    await chat.send("total", ofConnection.source);
    await chat.connection.stop();
    await expect(ofConnection.cancelled).resolves.toBeUndefined();
  });

  test("tells the server why an upload failed, also when the error has no text", async () => {
    chat = await connect();
    async function* broken(error: Error): AsyncGenerator<number> {
      yield 1;
      throw error;
    }

    await expect(chat.invoke("total", broken(new Error("the file is gone")))).rejects.toThrow(
      /HubException: .*the file is gone/,
    );
    await expect(chat.invoke("total", broken(new RangeError()))).rejects.toThrow(/HubException: .*RangeError/);
  });

  test("uploads nothing without a connection, and leaves the source alone", async () => {
    chat = await connect();
    await Promise.all(stop.splice(0).map((end) => end()));
    const readable = new ReadableStream<number>();

    await expect(chat.invoke("total", readable)).rejects.toThrow(/while the connection is not open/);
    await expect(chat.send("total", readable)).rejects.toThrow(/while the connection is not open/);
    expect(readable.locked).toBe(false);
  });

  test("a stream can be left while it waits for its next item", async () => {
    chat = await connect();
    const reading = chat.stream("silent")[Symbol.asyncIterator]();
    const pending = reading.next();
    await reading.return?.();

    expect(await pending).toEqual({ done: true, value: undefined });
  });

  test("carries uploads that stand side by side, if there is a plain argument to put between them", async () => {
    chat = await connect();

    expect(await chat.invoke("neighbours", "sums", upTo(2), upTo(4))).toBe("sums: 3, 10");
    await expect(chat.invoke("side", upTo(1), upTo(2))).rejects.toThrow(/2 uploads and 0 plain arguments/);
  });
});

test("the official client itself loses the second of two uploads that stand side by side", async () => {
  const connection = await server.connect("/chat");
  const empty = () => ({
    subscribe(subscriber: { complete(): void }) {
      subscriber.complete();
      return { dispose() {} };
    },
  });

  // When this call succeeds, the arguments need no arranging any more.
  await expect(connection.invoke("side", empty(), empty())).rejects.toThrow();
  await connection.stop();
});
