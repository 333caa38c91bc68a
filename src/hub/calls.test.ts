import { describe, expect, test } from "vitest";
import { HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import type { HubMessage } from "../protocol/hub/messages.js";
import { Hub } from "./hub.js";
import type { HubProtocolName } from "./options.js";

/** A hub whose calls begin, tell, and end when the test lets them. */
function gatedHub() {
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const gate = (name: string): Promise<void> => {
    log.push(`begin ${name}`);
    return new Promise<void>((resolve) => {
      gates.set(name, () => {
        log.push(`end ${name}`);
        resolve();
      });
    });
  };
  class GatedHub extends Hub {
    async work(name: string) {
      await gate(name);
      return name;
    }
    quick(name: string) {
      log.push(name);
      return name;
    }
    async *stream(name: string) {
      await gate(name);
      yield name;
    }
    async upload(name: string, _items: AsyncIterable<unknown>) {
      await gate(name);
    }
    async ask(name: string) {
      log.push(`ask ${name}`);
      const answer = await this.clients.caller.invoke("question", name);
      log.push(`answer ${name}`);
      return answer;
    }
    async askTwice(name: string) {
      await this.clients.caller.invoke("question", `${name} 1`);
      await this.clients.caller.invoke("question", `${name} 2`);
      await gate(name);
    }
    override onDisconnected() {
      log.push("onDisconnected");
    }
  }
  return {
    log,
    GatedHub,
    open: (name: string): void => gates.get(name)?.(),
  };
}

const idOf = (message: HubMessage): string | undefined =>
  "invocationId" in message ? message.invocationId : undefined;

describe("plain calls", () => {
  test("run one at a time, in the order sent, synchronous ones too", async () => {
    const { log, GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    client.invoke("work", "a");
    client.invoke("quick", "b");
    client.invoke("quick", "c");
    client.invoke("work", "d");
    await turns();
    expect(log).toEqual(["begin a"]);
    open("a");
    await turns();
    expect(log).toEqual(["begin a", "end a", "b", "c", "begin d"]);
    open("d");
    await turns();
    expect(client.received.map(idOf)).toEqual(["0", "1", "2", "3"]);
  });

  test("run beside each other up to the number of permits, and complete in any order", async () => {
    const { log, GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub, { maximumParallelInvocationsPerClient: 2 }).connect();
    for (const name of ["a", "b", "c"]) client.invoke("work", name);
    await turns();
    expect(log).toEqual(["begin a", "begin b"]);
    open("b");
    await turns();
    expect(log).toEqual(["begin a", "begin b", "end b", "begin c"]);
    open("c");
    open("a");
    await turns();
    expect(client.received.map(idOf)).toEqual(["1", "2", "0"]);
  });

  test("of one client do not wait for those of another", async () => {
    const { log, GatedHub } = gatedHub();
    const harness = new HubHarness(GatedHub);
    const [one, other] = [await harness.connect(), await harness.connect("messagepack")];
    one.invoke("work", "a");
    expect(await other.call("quick", "b")).toBe("b");
    expect(log).toEqual(["begin a", "b"]);
  });

  test("without an id take their turn like others", async () => {
    const { log, GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    client.send({ type: 1, target: "work", arguments: ["a"] });
    client.invoke("quick", "b");
    await turns();
    expect(log).toEqual(["begin a"]);
    open("a");
    expect(await client.completion()).toMatchObject({ result: "b" });
  });

  test("that waited when their client left never start", async () => {
    const { log, GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    client.invoke("work", "a");
    client.invoke("quick", "b");
    client.session.gone();
    await client.session.closed;
    open("a");
    await turns();
    expect(log).toEqual(["begin a", "onDisconnected", "end a"]);
    expect(client.received).toEqual([]);
  });
});

describe("streams and uploads", () => {
  test("take no turn, and nothing waits for them", async () => {
    const { log, GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    client.stream("stream", "s");
    client.upload("upload", ["u"], "u");
    client.invoke("work", "a");
    client.stream("stream", "t");
    await turns();
    expect(log).toEqual(["begin s", "begin u", "begin a", "begin t"]);
    open("a");
    expect(await client.completion()).toMatchObject({ result: "a" });
  });

  test("behind a waiting call keep their place in the order", async () => {
    const { log, GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    client.invoke("work", "a");
    client.invoke("quick", "b");
    client.stream("stream", "s");
    await turns();
    expect(log).toEqual(["begin a"]);
    open("a");
    await turns();
    expect(log).toEqual(["begin a", "end a", "b", "begin s"]);
  });

  test("are not held up behind a running call, nor are cancels and pings", async () => {
    const { log, GatedHub } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    const stream = client.stream("stream", "s");
    client.invoke("work", "a");
    client.invoke("work", "b");
    await turns();
    client.cancel(stream);
    expect(await client.completion()).toEqual({ type: 3, invocationId: stream, hasResult: false });
    expect(log).toEqual(["begin s", "begin a"]);
  });
});

describe("a call that waits for its own client", () => {
  test("lets the next one start, for good", async () => {
    const { log, GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    client.invoke("ask", "a");
    client.invoke("work", "b");
    const question = await client.next();
    expect(question).toMatchObject({ type: 1, target: "question", arguments: ["a"] });
    await turns();
    expect(log).toEqual(["ask a", "begin b"]);
    client.send({ type: 3, invocationId: idOf(question) ?? "", hasResult: true, result: "yes" });
    expect(await client.completion()).toMatchObject({ invocationId: "0", result: "yes" });
    client.invoke("quick", "c");
    await turns();
    expect(log).toEqual(["ask a", "begin b", "answer a"]);
    open("b");
    await turns();
    expect(log.at(-1)).toBe("c");
  });

  test("gives its permit back once, however often it asks", async () => {
    const { log, GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    client.invoke("askTwice", "a");
    for (let count = 0; count < 2; count += 1) {
      client.send({ type: 3, invocationId: idOf(await client.next()) ?? "", hasResult: true, result: 1 });
    }
    await turns();
    for (const name of ["b", "c"]) client.invoke("work", name);
    await turns();
    expect(log).toEqual(["begin a", "begin b"]);
    open("a");
    await turns();
    expect(log).toEqual(["begin a", "begin b", "end a"]);
  });

  test("gets the client's own text when it fails, and no answer from a client that was not asked", async () => {
    const { GatedHub } = gatedHub();
    const harness = new HubHarness(GatedHub);
    const [client, stranger] = [await harness.connect(), await harness.connect()];
    client.invoke("ask", "a");
    const invocationId = idOf(await client.next()) ?? "";
    stranger.send({ type: 3, invocationId, hasResult: true, result: "forged" });
    client.send({ type: 3, invocationId, hasResult: false, error: "Client didn't provide a result." });
    expect((await client.completion()).error).toBe(
      "An unexpected error occurred invoking 'ask' on the server. HubException: Client didn't provide a result.",
    );
    expect(harness.outlet.strayCompletions).toEqual([expect.objectContaining({ result: "forged" })]);
  });
});

describe("ids", () => {
  test("of a running stream cannot be used for another one; the first goes on and can be cancelled", async () => {
    const { GatedHub } = gatedHub();
    const client = await new HubHarness(GatedHub).connect();
    for (let count = 0; count < 2; count += 1) {
      client.send({ type: 4, invocationId: "x", target: "stream", arguments: [`s${count}`] });
    }
    expect(await client.completion()).toMatchObject({
      invocationId: "x",
      error: "Invocation ID 'x' is already in use.",
    });
    client.send({ type: 1, invocationId: "x", target: "quick", arguments: ["plain"] });
    expect(await client.completion()).toMatchObject({ invocationId: "x", result: "plain" });
    client.cancel("x");
    expect(await client.completion()).toEqual({ type: 3, invocationId: "x", hasResult: false });
  });

  test("of plain calls may even be equal: each is answered", async () => {
    const { GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub, { maximumParallelInvocationsPerClient: 2 }).connect();
    for (const name of ["a", "b"]) client.send({ type: 1, invocationId: "same", target: "work", arguments: [name] });
    open("b");
    open("a");
    await turns();
    expect(client.received).toMatchObject([
      { invocationId: "same", result: "b" },
      { invocationId: "same", result: "a" },
    ]);
  });
});

describe("limits", () => {
  test("refuse streams and uploads beyond the number of active calls, and let go of it when they end", async () => {
    const { GatedHub, open } = gatedHub();
    const client = await new HubHarness(GatedHub, { maximumActiveCallsPerClient: 3 }).connect();
    client.stream("stream", "a");
    client.upload("upload", ["u"], "b");
    const refused = client.stream("stream", "c");
    expect(await client.completion()).toMatchObject({
      invocationId: refused,
      error:
        "An unexpected error occurred invoking 'stream' on the server. HubException: The client has too many calls and uploads running.",
    });
    open("b");
    await client.completion();
    client.stream("stream", "d");
    open("d");
    expect(await client.next()).toMatchObject({ type: 2, item: "d" });
  });

  test("a refused call does not take the uploads of a running one away", async () => {
    const { GatedHub } = gatedHub();
    class ReadingHub extends GatedHub {
      async count(items: AsyncIterable<unknown>) {
        let count = 0;
        for await (const _item of items) count += 1;
        return count;
      }
    }
    const client = await new HubHarness(ReadingHub, { maximumActiveCallsPerClient: 2 }).connect();
    const counting = client.upload("count", ["u"]);
    client.upload("count", ["u"]);
    expect((await client.completion()).error).toContain("too many calls");
    client.item("u", 1);
    client.endUpload("u");
    expect(await client.completion()).toMatchObject({ invocationId: counting, result: 1 });
  });

  test("close a client whose waiting calls are more than the bound, and start none of them", async () => {
    const { log, GatedHub } = gatedHub();
    const harness = new HubHarness(GatedHub, { maximumBufferedBytesPerClient: 10_000, enableDetailedErrors: true });
    const client = await harness.connect();
    client.invoke("work", "a");
    for (let count = 0; count < 100 && !client.isClosed; count += 1) client.invoke("quick", `waits ${count}`);
    expect(await client.close()).toEqual({
      type: 7,
      error:
        "Connection closed with an error. InvalidDataException: The client sent more than the hub could take (maximumBufferedBytesPerClient).",
      allowReconnect: true,
    });
    await client.session.closed;
    expect(log).toEqual(["begin a", "onDisconnected"]);
  });

  test("count what waits, not what has been: any number of calls may pass", async () => {
    const { GatedHub } = gatedHub();
    const client = await new HubHarness(GatedHub, { maximumBufferedBytesPerClient: 5000 }).connect();
    for (let round = 0; round < 50; round += 1) {
      for (let count = 0; count < 5; count += 1) client.invoke("ask", "x");
      for (let count = 0; count < 5; count += 1) {
        client.send({ type: 3, invocationId: idOf(await client.next()) ?? "", hasResult: true, result: 1 });
      }
      for (let count = 0; count < 5; count += 1) await client.completion();
    }
    expect(client.session.isOpen).toBe(true);
  });
});

test("calls that give their turn away by asking the client are bounded too; the others wait", async () => {
  const { GatedHub, open } = gatedHub();
  const client = await new HubHarness(GatedHub, { maximumActiveCallsPerClient: 10 }).connect();
  client.invoke("work", "first");
  for (let count = 0; count < 30; count += 1) client.invoke("ask", `question ${count}`);
  open("first");
  await turns();
  const questions = client.received.filter((message) => message.type === 1);
  expect(questions).toHaveLength(10);
  let answered = 0;
  while (client.received.filter((message) => message.type === 3).length < 31) {
    const asked = client.received.filter((message) => message.type === 1);
    for (const question of asked.slice(answered)) {
      client.send({ type: 3, invocationId: idOf(question) ?? "", hasResult: true, result: answered });
      answered += 1;
    }
    await turns(1);
  }
  expect([answered, client.session.pendingWork]).toEqual([30, 0]);
});

test.each<HubProtocolName>(["json", "messagepack"])(
  "arguments count by what they take in memory: thousands of empty objects do not hide in few bytes of %s",
  async (protocol) => {
    const { GatedHub } = gatedHub();
    const empties = Array.from({ length: 5000 }, () => ({}));
    const plain = await new HubHarness(GatedHub, { maximumBufferedBytesPerClient: 1_000_000 }).connect(protocol);
    plain.invoke("work", "first");
    const streaming = await new HubHarness(GatedHub, { maximumBufferedBytesPerClient: 1_000_000 }).connect(protocol);
    for (const client of [plain, streaming]) {
      let sent = 0;
      while (!client.isClosed && sent < 100) {
        sent += 1;
        if (client === plain) client.invoke("quick", empties);
        else client.stream("stream", empties);
      }
      expect(sent).toBeLessThan(5);
    }
  },
);

test("thousands of waiting calls that end at once do not overflow the stack", async () => {
  const { log, GatedHub, open } = gatedHub();
  const client = await new HubHarness(GatedHub, { maximumBufferedBytesPerClient: 100_000_000 }).connect();
  client.invoke("work", "a");
  for (let count = 0; count < 15_000; count += 1) client.invoke("quick", "q");
  open("a");
  await turns();
  expect(log).toHaveLength(15_002);
  expect(client.received).toHaveLength(15_001);
});
