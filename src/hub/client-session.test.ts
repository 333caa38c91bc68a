import { describe, expect, test } from "vitest";
import { type HarnessClient, HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import { HubException, SignalRError } from "../base/errors.js";
import { writeHandshakeRequest } from "../protocol/hub/handshake.js";
import type { HubMessage } from "../protocol/hub/messages.js";
import { Hub } from "./hub.js";
import type { HubProtocolName } from "./options.js";

const PROTOCOLS: HubProtocolName[] = ["json", "messagepack"];

class EchoHub extends Hub {
  echo(value: unknown) {
    return value;
  }
  abortMe() {
    this.context.abort();
    return "never sent";
  }
}

/** A hub that writes down what happens to it. */
function recordingHub() {
  const log: string[] = [];
  let connect: () => void | Promise<void> = () => {};
  class RecordingHub extends Hub {
    override onConnected() {
      log.push("onConnected");
      this.context.signal.addEventListener("abort", () => log.push("signal"));
      return connect();
    }
    override onDisconnected(error?: Error) {
      log.push(`onDisconnected ${error === undefined ? "" : `${error.name}: ${error.message}`}`.trim());
    }
    async act(name: string) {
      log.push(name);
    }
    abortMe() {
      this.context.abort();
      log.push("after abort");
    }
    async hang() {
      await new Promise<void>((resolve) => this.signal.addEventListener("abort", () => resolve()));
      log.push("hang was told");
    }
  }
  return {
    log,
    RecordingHub,
    onConnect: (run: () => void | Promise<void>): void => {
      connect = run;
    },
  };
}

describe("the handshake", () => {
  const answerTo = async (text: string, options = {}): Promise<[answer: unknown, client: HarnessClient]> => {
    const client = new HubHarness(EchoHub, options).open();
    client.text(text);
    await turns(2);
    return [client.handshakeAnswer, client];
  };

  test.each([
    '{"protocol":"json","version":1}\u001e',
    '{"protocol":"JSON","version":0}\u001e',
    '{"protocol":"messagepack","version":2,"more":[1]}\u001e',
  ])("%s is accepted", async (request) => {
    const [answer, client] = await answerTo(request);
    expect(answer).toEqual({});
    expect(client.session.state).toBe("open");
    expect(client.kinds).toEqual(["handshake"]);
  });

  const FAILED = "An unexpected error occurred during connection handshake.";
  test.each<[request: string, error: string, detailed?: string]>([
    ['{"protocol":"json","version":3}', "The server does not support version 3 of the 'json' protocol."],
    ['{"protocol":"JSON","version":3}', "The server does not support version 3 of the 'json' protocol."],
    ['{"protocol":"xyz","version":1}', "The protocol 'xyz' is not supported."],
    ['{"protocol":"__proto__","version":1}', "The protocol '__proto__' is not supported."],
    [
      '{"protocol":"json"}',
      FAILED,
      `${FAILED} InvalidDataException: Missing required property 'version'. Message content: {"protocol":"json"}`,
    ],
    ["[]", FAILED, `${FAILED} InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object.`],
    ["no json", FAILED, `${FAILED} InvalidDataException: Error reading JSON.`],
  ])("%s is refused", async (request, error, detailed = error) => {
    const [answer, client] = await answerTo(`${request}\u001e{"type":6}\u001e`);
    expect(answer).toEqual({ error });
    expect(client.session.state).toBe("closed");
    expect(client.isClosed).toBe(true);
    expect(client.goneCount).toBe(1);
    expect(client.received).toEqual([]);
    expect((await answerTo(`${request}\u001e`, { enableDetailedErrors: true }))[0]).toEqual({ error: detailed });
  });

  test("a protocol that the hub does not list is refused", async () => {
    const client = new HubHarness(EchoHub, { supportedProtocols: ["messagepack"] }).open("json");
    client.handshake();
    expect(client.handshakeAnswer).toEqual({ error: "The protocol 'json' is not supported." });
  });

  test("may come in pieces, and may share a chunk with what follows", async () => {
    const client = new HubHarness(EchoHub).open();
    const bytes = Buffer.concat([
      writeHandshakeRequest({ protocol: "json", version: 1 }),
      client.protocol.write({ type: 1, invocationId: "1", target: "echo", arguments: ["hi"] }),
      client.protocol.write({ type: 1, invocationId: "2", target: "echo", arguments: ["there"] }),
    ]);
    for (const byte of bytes) client.bytes(Uint8Array.of(byte));
    expect(await client.completion()).toMatchObject({ invocationId: "1", result: "hi" });
    expect(await client.completion()).toMatchObject({ invocationId: "2", result: "there" });
  });

  test("is canceled when it is longer than a message may be, with or without its end", () => {
    const harness = new HubHarness(EchoHub, { maximumReceiveMessageSize: 64 });
    const endless = harness.open();
    endless.text("x".repeat(64));
    expect(endless.handshakeAnswer).toBeUndefined();
    endless.text("x");
    const complete = harness.open();
    complete.text(`{"protocol":"json","version":1,"padding":"${"x".repeat(64)}"}\u001e`);
    expect([endless.handshakeAnswer, complete.handshakeAnswer]).toEqual([
      { error: "Handshake was canceled." },
      { error: "Handshake was canceled." },
    ]);
  });

  test("is canceled when it does not come in time", () => {
    const harness = new HubHarness(EchoHub, { handshakeTimeout: 5000 });
    const client = harness.open();
    harness.advance(4000);
    expect(client.isClosed).toBe(false);
    harness.advance(1000);
    expect(client.handshakeAnswer).toEqual({ error: "Handshake was canceled." });
    expect(client.goneCount).toBe(1);
  });

  test("is answered by nothing when the client goes first", async () => {
    const client = new HubHarness(EchoHub).open();
    client.session.gone();
    await client.session.closed;
    expect([client.handshakeAnswer, client.goneCount, client.session.state]).toEqual([undefined, 1, "closed"]);
  });

  test("has no answer for a client that came from another server", async () => {
    const client = await new HubHarness(EchoHub).connect("json", { isMigrated: true });
    expect(client.handshakeAnswer).toBeUndefined();
    expect(await client.call("echo", 1)).toBe(1);
  });
});

describe.each(PROTOCOLS)("a session over %s", (protocol) => {
  test("processes nothing before onConnected is over, and then all in order", async () => {
    const { log, RecordingHub, onConnect } = recordingHub();
    let release: () => void = () => {};
    onConnect(
      () =>
        new Promise<void>((resolve) => {
          release = () => {
            log.push("connected");
            resolve();
          };
        }),
    );
    const client = new HubHarness(RecordingHub).open(protocol);
    client.handshake();
    expect(client.handshakeAnswer).toEqual({});
    client.invoke("act", "one");
    client.invoke("act", "two");
    await turns();
    expect(log).toEqual(["onConnected"]);
    release();
    await client.completion();
    await client.completion();
    expect(log).toEqual(["onConnected", "connected", "one", "two"]);
  });

  test("ends with a close of its own when the client says goodbye, and reads nothing behind that", async () => {
    const { log, RecordingHub } = recordingHub();
    const client = await new HubHarness(RecordingHub).connect(protocol);
    client.send({ type: 7 }, { type: 1, invocationId: "9", target: "act", arguments: ["late"] });
    await client.session.closed;
    client.invoke("act", "later");
    expect(client.received).toEqual([protocol === "json" ? { type: 7 } : { type: 7, allowReconnect: false }]);
    expect(client.kinds.at(-1)).toBe("close");
    expect(client.isClosed).toBe(true);
    expect(log).toEqual(["onConnected", "signal", "onDisconnected"]);
  });

  test("hands an error in the client's close to onDisconnected", async () => {
    const { log, RecordingHub } = recordingHub();
    const client = await new HubHarness(RecordingHub).connect(protocol);
    client.send({ type: 7, error: "client is unhappy" });
    await client.session.closed;
    expect((await client.close()).error).toBeUndefined();
    expect(log.at(-1)).toBe("onDisconnected HubException: client is unhappy");
  });

  test("that aborts itself sends a close and nothing more, not even the completion", async () => {
    const { log, RecordingHub } = recordingHub();
    const client = await new HubHarness(RecordingHub).connect(protocol);
    client.invoke("abortMe");
    await client.session.closed;
    await turns();
    expect(client.received.map((message) => message.type)).toEqual([7]);
    expect(client.received[0]).not.toMatchObject({ allowReconnect: true });
    expect(log).toEqual(["onConnected", "signal", "after abort", "onDisconnected"]);
    expect(client.goneCount).toBe(1);
  });

  test.each([
    [false, "Connection closed with an error."],
    [true, "Connection closed with an error. InvalidDataException: "],
  ])("closes with an error and leave to reconnect when a message is malformed (details %s)", async (details, text) => {
    const { log, RecordingHub } = recordingHub();
    const client = await new HubHarness(RecordingHub, { enableDetailedErrors: details }).connect(protocol);
    client.bytes(protocol === "json" ? Buffer.from("[]\u001e") : Uint8Array.of(2, 0x81, 0xc0));
    const close = await client.close();
    expect(close.error?.startsWith(text) && (details || close.error === text)).toBe(true);
    expect(close.allowReconnect).toBe(true);
    await client.session.closed;
    expect(log.at(-1)).toMatch(/^onDisconnected InvalidDataException: ./);
  });

  test("takes a message of exactly the limit and refuses one more byte, its framing counted", async () => {
    const { log, RecordingHub } = recordingHub();
    const harness = new HubHarness(RecordingHub, { maximumReceiveMessageSize: 100, enableDetailedErrors: true });
    const message = (length: number): HubMessage => ({
      type: 1,
      invocationId: "1",
      target: "act",
      arguments: ["x".repeat(length)],
    });
    const client = await harness.connect(protocol);
    const fitting = 100 - client.protocol.write(message(0)).length;
    // A MessagePack text of 32 bytes and more has one byte more of header.
    const length = client.protocol.write(message(fitting)).length > 100 ? fitting - 1 : fitting;
    expect(client.protocol.write(message(length))).toHaveLength(100);
    client.send(message(length));
    expect(await client.completion()).toMatchObject({ result: null });
    client.send(message(length + 1));
    expect((await client.close()).error).toBe(
      "Connection closed with an error. InvalidDataException: The maximum message size of 100B was exceeded. The message size can be configured in AddHubOptions.",
    );
    expect(log.filter((entry) => entry.startsWith("x"))).toHaveLength(1);
  });

  test("refuses an oversize message before it is complete", async () => {
    const client = await new HubHarness(EchoHub, { maximumReceiveMessageSize: 100 }).connect(protocol);
    if (protocol === "json") {
      client.text("{".repeat(100));
      expect(client.isClosed).toBe(false);
      client.text("{");
    } else {
      client.bytes(Uint8Array.of(100));
    }
    expect(client.isClosed).toBe(true);
  });

  test("has no limit when it is null", async () => {
    const client = await new HubHarness(EchoHub, { maximumReceiveMessageSize: null }).connect(protocol);
    const text = "x".repeat(3_000_000);
    const bytes = client.protocol.write({ type: 1, invocationId: "1", target: "echo", arguments: [text] });
    client.bytes(bytes.subarray(0, 1_000_000));
    client.bytes(bytes.subarray(1_000_000));
    expect((await client.completion()).result).toBe(text);
  });

  test("puts messages together again that were cut at any byte", async () => {
    const harness = new HubHarness(EchoHub);
    const sample = await harness.connect(protocol);
    const messages: HubMessage[] = [
      { type: 6 },
      { type: 1, invocationId: "a", target: "echo", arguments: ["ünï\u001e"] },
      { type: 1, invocationId: "b", target: "echo", arguments: [[1, { two: 2 }]] },
    ];
    const bytes = Buffer.concat(messages.map((message) => sample.protocol.write(message)));
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const client = await harness.connect(protocol);
      // The bytes are only lent: what they say must not change when the sender uses them again.
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        const lent = Buffer.from(part);
        client.bytes(lent);
        lent.fill(0xff);
      }
      expect(client.received).toMatchObject([
        { invocationId: "a", result: "ünï\u001e" },
        { invocationId: "b", result: [1, { two: 2 }] },
      ]);
    }
  });

  test("skips messages of a kind that it does not know, and acks and sequences", async () => {
    const client = await new HubHarness(EchoHub).connect(protocol);
    if (protocol === "json") client.text('{"type":99,"anything":[1]}\u001e');
    else client.bytes(Uint8Array.of(3, 0x92, 99, 0xc0));
    client.send({ type: 8, sequenceId: 5 }, { type: 9, sequenceId: 1 });
    client.send({ type: 3, invocationId: "nobody-asked", hasResult: true, result: 1 });
    client.send({ type: 2, invocationId: "no-stream", item: 1 }, { type: 5, invocationId: "no-call" });
    expect(await client.call("echo", "alive")).toBe("alive");
  });

  test("pings when its interval has passed, whatever else it sent", async () => {
    const harness = new HubHarness(EchoHub);
    const client = await harness.connect(protocol);
    harness.advance(14_000);
    expect(await client.call("echo", 1)).toBe(1);
    harness.advance(1000);
    expect(client.unread).toEqual([{ type: 6 }]);
    expect(client.kinds.at(-1)).toBe("other");
    harness.advance(15_000);
    expect(client.unread).toEqual([{ type: 6 }, { type: 6 }]);
  });
});

describe("the client timeout", () => {
  const TEXT = "Client hasn't sent a message/ping within the configured ClientTimeoutInterval.";

  test("never ends a client that has not pinged", async () => {
    const harness = new HubHarness(EchoHub);
    const client = await harness.connect();
    await client.call("echo", 1);
    harness.advance(600_000);
    expect(client.session.isOpen).toBe(true);
  });

  test("is armed by the first ping and put off by any message", async () => {
    const { log, RecordingHub } = recordingHub();
    const harness = new HubHarness(RecordingHub, { enableDetailedErrors: true, keepAliveInterval: 1_000_000 });
    const client = await harness.connect();
    client.send({ type: 6 });
    harness.advance(29_000);
    client.invoke("act", "still here");
    await client.completion();
    harness.advance(29_000);
    expect(client.session.isOpen).toBe(true);
    harness.advance(1000);
    expect(await client.close()).toEqual({
      type: 7,
      error: `Connection closed with an error. OperationCanceledException: ${TEXT}`,
      allowReconnect: true,
    });
    await client.session.closed;
    expect(log.at(-1)).toBe(`onDisconnected OperationCanceledException: ${TEXT}`);
  });
});

describe("onConnected", () => {
  test.each([
    [false, new Error("no"), "Connection closed with an error."],
    [true, new Error("no"), "Connection closed with an error. Error: no"],
    [false, new HubException("full"), "Connection closed with an error. HubException: full"],
  ])("that fails refuses the client for good and is the last to run (details %s, %s)", async (details, error, text) => {
    const { log, RecordingHub, onConnect } = recordingHub();
    onConnect(async () => {
      throw error;
    });
    const harness = new HubHarness(RecordingHub, { enableDetailedErrors: details });
    const client = harness.open();
    client.handshake();
    client.invoke("act", "waiting");
    await client.session.closed;
    await turns();
    expect(client.received).toEqual([{ type: 7, error: text }]);
    expect(client.isClosed).toBe(true);
    expect(log).toEqual(["onConnected", "signal"]);
    expect(client.goneCount).toBe(1);
    expect(harness.probe.events("error")).toEqual(["ErrorDispatchingHubEvent"]);
  });

  test.each<[string, (client: HarnessClient) => void, boolean]>([
    ["the client is gone", (client) => client.session.gone(), false],
    ["the connection is aborted", (client) => client.session.context.abort(), true],
  ])("runs to its end although %s meanwhile; then comes onDisconnected", async (_what, end, isClosed) => {
    const { log, RecordingHub, onConnect } = recordingHub();
    let release: () => void = () => {};
    onConnect(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    const client = new HubHarness(RecordingHub).open();
    client.handshake();
    client.invoke("act", "never");
    await turns(2);
    end(client);
    expect([client.isClosed, client.goneCount, client.session.isOpen]).toEqual([isClosed, 1, false]);
    client.invoke("act", "dropped");
    await turns(2);
    expect(log).toEqual(["onConnected", "signal"]);
    release();
    await client.session.closed;
    expect(log).toEqual(["onConnected", "signal", "onDisconnected"]);
    expect(client.goneCount).toBe(1);
  });

  test("that fails after the client has gone is reported, and onDisconnected does not run", async () => {
    const { log, RecordingHub, onConnect } = recordingHub();
    let fail: (error: Error) => void = () => {};
    onConnect(
      () =>
        new Promise<void>((_resolve, reject) => {
          fail = reject;
        }),
    );
    const client = new HubHarness(RecordingHub).open();
    client.handshake();
    await turns(2);
    client.session.gone();
    fail(new Error("too late"));
    await client.session.closed;
    expect(log).toEqual(["onConnected", "signal"]);
    expect(client.goneCount).toBe(1);
  });

  test("lets no more bytes wait than the client's bound", async () => {
    const { RecordingHub, onConnect } = recordingHub();
    let release: () => void = () => {};
    onConnect(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    const client = new HubHarness(RecordingHub, { maximumBufferedBytesPerClient: 10_000 }).open();
    client.handshake();
    await turns(2);
    for (let count = 0; count < 12 && !client.isClosed; count += 1) client.invoke("act", "x".repeat(1000));
    expect(client.isClosed).toBe(true);
    expect(client.received).toEqual([{ type: 7, error: "Connection closed with an error.", allowReconnect: true }]);
    release();
    await client.session.closed;
  });

  test("may send to its own client, but not ask it", async () => {
    class AskingHub extends Hub {
      override async onConnected() {
        await this.clients.caller.send("welcome", this.context.connectionId);
        await this.clients.caller.invoke("name");
      }
    }
    const client = new HubHarness(AskingHub, { enableDetailedErrors: true }).open();
    client.handshake();
    expect(await client.next()).toMatchObject({ type: 1, target: "welcome", arguments: ["c1"] });
    expect((await client.close()).error).toBe(
      "Connection closed with an error. InvalidOperationException: Client results inside OnConnectedAsync Hub methods are not allowed.",
    );
  });
});

describe("the end", () => {
  test("comes once, whoever calls for it, as often as they do", async () => {
    const { log, RecordingHub } = recordingHub();
    const client = await new HubHarness(RecordingHub).connect();
    client.session.context.signal.addEventListener("abort", () => client.session.context.abort());
    client.session.context.abort();
    client.session.context.abort();
    client.session.gone();
    client.session.wireFailed(new SignalRError("SEND_BUFFER_FULL", "full"));
    client.send({ type: 7 });
    await client.session.closed;
    client.session.gone();
    expect(log).toEqual(["onConnected", "signal", "onDisconnected"]);
    expect([client.received.length, client.goneCount]).toEqual([1, 1]);
  });

  test("tells running calls first, then the connection's signal, then onDisconnected", async () => {
    const { log, RecordingHub } = recordingHub();
    const client = await new HubHarness(RecordingHub).connect();
    client.invoke("hang");
    client.session.gone();
    await client.session.closed;
    expect(log).toEqual(["onConnected", "signal", "hang was told", "onDisconnected"]);
  });

  test("survives an onDisconnected that fails", async () => {
    class FailingHub extends Hub {
      override onDisconnected() {
        throw new Error("cannot say goodbye");
      }
    }
    const harness = new HubHarness(FailingHub);
    const client = await harness.connect();
    client.session.gone();
    await client.session.closed;
    expect(harness.probe.of("ErrorDispatchingHubEvent")[0]?.message).toBe(
      "onDisconnected of FailingHub failed: cannot say goodbye",
    );
  });

  test.each<[string, (client: HarnessClient) => void]>([
    ["the handshake answer", (client) => client.handshake()],
    ["a refused handshake", (client) => client.handshake(7)],
  ])("may come from the wire that breaks in the middle of %s", async (_what, act) => {
    const { log, RecordingHub } = recordingHub();
    const client = new HubHarness(RecordingHub).open();
    client.onSend = () => client.session.wireFailed(new SignalRError("SEND_BUFFER_FULL", "no room"));
    act(client);
    await client.session.closed;
    await turns();
    expect(client.session.state).toBe("closed");
    expect([client.goneCount, log.includes("onDisconnected")]).toEqual([1, false]);
  });

  test.each<[string, (client: HarnessClient) => void]>([
    ["an answer", (client) => void client.invoke("act", "x")],
    ["a close", (client) => client.send({ type: 7 })],
    ["the close of an abort", (client) => client.session.context.abort()],
    ["the close after a malformed message", (client) => client.text("nonsense\u001e")],
  ])("may come from the wire that breaks in the middle of %s", async (_what, act) => {
    const { log, RecordingHub } = recordingHub();
    const client = await new HubHarness(RecordingHub).connect();
    client.onSend = () => client.session.wireFailed(new SignalRError("SEND_BUFFER_FULL", "no room"));
    act(client);
    await client.session.closed;
    expect(log.filter((entry) => entry.startsWith("onDisconnected"))).toHaveLength(1);
    expect(client.goneCount).toBe(1);
  });

  test("may come from the wire or a listener in the middle of a refusal by onConnected", async () => {
    const { log, RecordingHub, onConnect } = recordingHub();
    onConnect(() => {
      throw new Error("refused");
    });
    const client = new HubHarness(RecordingHub).open();
    client.session.context.signal.addEventListener("abort", () => client.session.context.abort());
    client.handshake();
    client.onSend = () => client.session.wireFailed(new SignalRError("SEND_BUFFER_FULL", "no room"));
    await client.session.closed;
    expect(log).toEqual(["onConnected", "signal"]);
    expect([client.received.length, client.goneCount]).toEqual([1, 1]);
  });

  test("is an error for onDisconnected when the client missed a message", async () => {
    const { log, RecordingHub } = recordingHub();
    const harness = new HubHarness(RecordingHub);
    const client = await harness.connect();
    client.session.wireFailed(new SignalRError("SEND_BUFFER_FULL", "there is no room"));
    await client.session.closed;
    expect(log.at(-1)).toBe("onDisconnected SignalRError: there is no room");
    expect(harness.probe.of("FailedWritingMessage")).toHaveLength(1);
  });
});

test("what is incomplete is forgotten when the client's transport was replaced", async () => {
  const client = await new HubHarness(EchoHub).connect();
  client.text('{"type":1,"invocationId":"1","target":"echo","arg');
  client.session.forgetIncomplete();
  expect(await client.call("echo", "fresh")).toBe("fresh");
});

test("a signal that is asked for after the end is aborted", async () => {
  const client = await new HubHarness(EchoHub).connect();
  expect(client.session.context.signal.aborted).toBe(false);
  const other = await new HubHarness(EchoHub).connect();
  other.session.gone();
  expect(other.session.context.signal.aborted).toBe(true);
});
