import { describe, expect, test } from "vitest";
import { z } from "zod";
import { HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import { toError } from "../base/errors.js";
import { Hub } from "./hub.js";
import { hubMethods } from "./method-options.js";
import type { HubProtocolName } from "./options.js";
import { HeldBytes, Upload } from "./uploads.js";

async function all(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const read: unknown[] = [];
  for await (const item of items) read.push(item);
  return read;
}

function uploadHub() {
  const log: string[] = [];
  let readOn: () => void = () => {};
  class UploadHub extends Hub {
    static override readonly methods = hubMethods<UploadHub>({
      merge: { streams: [0, 2] },
      reversed: { streams: [2, 0] },
      checked: { streams: [0], args: [z.number()] },
      checkedLater: { args: [z.number().refine(async (value) => value > 0)] },
    });
    async total(numbers: AsyncIterable<number>) {
      let sum = 0;
      for await (const number of numbers) sum += number;
      return sum;
    }
    async merge(first: AsyncIterable<unknown>, between: string, second: AsyncIterable<unknown>) {
      return [await all(first), between, await all(second)];
    }
    async reversed(first: AsyncIterable<unknown>, between: string, second: AsyncIterable<unknown>) {
      return [await all(first), between, await all(second)];
    }
    checked(numbers: AsyncIterable<number>) {
      return this.total(numbers);
    }
    checkedLater(numbers: AsyncIterable<number>) {
      return this.total(numbers);
    }
    async first(items: AsyncIterable<unknown>) {
      for await (const item of items) return item;
      return "none";
    }
    async *doubled(numbers: AsyncIterable<number>) {
      for await (const number of numbers) yield number * 2;
    }
    async late(numbers: AsyncIterable<number>) {
      await new Promise<void>((resolve) => {
        readOn = resolve;
      });
      return this.total(numbers);
    }
    async outlives(items: AsyncIterable<unknown>) {
      try {
        for await (const item of items) log.push(String(item));
      } catch (error) {
        log.push(`${toError(error).name}: ${toError(error).message}`);
      }
    }
    override onDisconnected() {
      log.push("onDisconnected");
    }
    echo(value: unknown) {
      return value;
    }
  }
  return { log, UploadHub, readOn: (): void => readOn() };
}

const UNEXPECTED = (method: string): string => `An unexpected error occurred invoking '${method}' on the server.`;

describe.each<HubProtocolName>(["json", "messagepack"])("uploads over %s", (protocol) => {
  test("are read item by item until the client ends them", async () => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect(protocol);
    client.upload("total", ["s"]);
    for (const number of [1, 2, 3]) client.item("s", number);
    await turns();
    client.item("s", 4);
    client.endUpload("s");
    expect((await client.completion()).result).toBe(10);
  });

  test("fill the declared positions, in ascending order whatever the order of declaration", async () => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect(protocol);
    for (const target of ["merge", "reversed"]) {
      client.upload(target, ["s", "t"], "between");
      client.item("t", "second");
      client.item("s", "first");
      client.endUpload("t");
      client.endUpload("s");
      expect((await client.completion()).result).toEqual([["first"], "between", ["second"]]);
    }
  });

  test("feed streams in the other direction", async () => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect(protocol);
    client.send({ type: 4, invocationId: "x", target: "doubled", arguments: [], streamIds: ["s"] });
    client.item("s", 4);
    expect(await client.next()).toMatchObject({ type: 2, item: 8 });
    client.endUpload("s");
    expect(await client.completion()).toEqual({ type: 3, invocationId: "x", hasResult: false });
  });

  test("of a wrong number fail the call as if the method had thrown it", async () => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect(protocol);
    client.upload("merge", ["s"], "between");
    expect((await client.completion()).error).toBe(
      `${UNEXPECTED("merge")} HubException: Client sent 1 stream(s), Hub method expects 2.`,
    );
    expect(await client.failure("merge", "between")).toBe(
      `${UNEXPECTED("merge")} HubException: Client sent 0 stream(s), Hub method expects 2.`,
    );
  });

  test("that the client breaks off fail with the client's own text", async () => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect(protocol);
    client.upload("total", ["s"]);
    client.item("s", 1);
    client.endUpload("s", "source is dry");
    expect((await client.completion()).error).toBe(`${UNEXPECTED("total")} HubException: source is dry`);
  });

  test.each(["checked", "checkedLater"])(
    "of %s are checked item by item by the schema of their position",
    async (target) => {
      const { UploadHub } = uploadHub();
      const client = await new HubHarness(UploadHub).connect(protocol);
      client.upload(target, ["s"]);
      client.item("s", 1);
      client.endUpload("s");
      expect((await client.completion()).result).toBe(1);
      client.upload(target, ["t"]);
      client.item("t", 1);
      client.item("t", "no number");
      client.item("t", 2);
      expect((await client.completion()).error).toBe(
        `${UNEXPECTED(target)} HubException: Failed to bind Stream message.`,
      );
    },
  );

  test("that nobody reads hold nothing else up: 5,000 items wait while other calls run", async () => {
    const { UploadHub, readOn } = uploadHub();
    const client = await new HubHarness(UploadHub).connect(protocol);
    client.upload("late", ["s"]);
    for (let count = 0; count < 5000; count += 1) client.item("s", 1);
    client.endUpload("s");
    expect(await client.call("echo", "alive")).toBe("alive");
    readOn();
    expect((await client.completion()).result).toBe(5000);
  });
});

describe("an upload", () => {
  test("is over when its method stops reading; what still comes is dropped", async () => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect();
    client.upload("first", ["s"]);
    client.item("s", "one");
    client.item("s", "two");
    expect((await client.completion()).result).toBe("one");
    client.item("s", "three");
    client.endUpload("s");
    client.upload("first", ["s"]);
    client.item("s", "of the second");
    expect((await client.completion()).result).toBe("of the second");
  });

  test("fails with its connection, after onDisconnected was told", async () => {
    const { log, UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect();
    client.upload("outlives", ["s"]);
    client.item("s", 1);
    await turns();
    client.session.gone();
    await client.session.closed;
    await turns();
    expect(log).toEqual(["1", "onDisconnected", "OperationCanceledException: The underlying connection was closed."]);
  });

  test("whose id is used again fails; the new one is the one that is fed", async () => {
    const { log, UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect();
    client.upload("outlives", ["s"]);
    await turns();
    client.upload("total", ["s"]);
    await client.completion();
    client.item("s", 5);
    client.endUpload("s");
    expect((await client.completion()).result).toBe(5);
    expect(log).toEqual(["OperationCanceledException: Stream ID 's' was used again."]);
  });

  test("whose id stands twice in one message is two uploads, of which the last is fed", async () => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect();
    client.upload("merge", ["s", "s"], "between");
    client.item("s", 1);
    client.endUpload("s");
    expect((await client.completion()).error).toBe(UNEXPECTED("merge"));
    expect(client.session.isOpen).toBe(true);
  });

  test.each(["__proto__", "constructor", ""])("may have the id %j", async (id) => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub).connect("messagepack");
    client.upload("total", [id]);
    if (id !== "") client.item(id, 7);
    if (id !== "") client.endUpload(id);
    if (id === "") client.session.gone();
    else expect((await client.completion()).result).toBe(7);
    await turns();
    expect(client.session.isOpen).toBe(id !== "");
  });

  test("that waits for its turn behind a call keeps its items", async () => {
    const { UploadHub } = uploadHub();
    let release: () => void = () => {};
    class BusyHub extends UploadHub {
      busy() {
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      }
    }
    const client = await new HubHarness(BusyHub).connect();
    client.invoke("busy");
    client.invoke("echo", 1);
    client.upload("total", ["s"]);
    client.item("s", 3);
    client.endUpload("s");
    release();
    await client.completion();
    await client.completion();
    expect((await client.completion()).result).toBe(3);
  });
});

describe("what is held for a client", () => {
  test("is bounded: items beyond it close the client, tiny ones by what they cost", async () => {
    const { UploadHub } = uploadHub();
    for (const [item, most] of [
      [1, 100],
      ["x".repeat(1000), 12],
    ] as const) {
      const client = await new HubHarness(UploadHub, { maximumBufferedBytesPerClient: 10_000 }).connect();
      client.upload("late", ["s"]);
      let count = 0;
      while (!client.isClosed && count < 1000) {
        client.item("s", item);
        count += 1;
      }
      expect(client.isClosed).toBe(true);
      expect(count).toBeLessThan(most);
    }
  });

  test("may be one item of any size: the largest message has a limit of its own", () => {
    let exceeded = 0;
    const account = new HeldBytes(1000, () => {
      exceeded += 1;
    });
    const upload = new Upload(2, account);
    upload.push("x".repeat(5000));
    expect(exceeded).toBe(0);
    upload.push(1);
    expect(exceeded).toBe(1);
  });

  test("is bounded over all uploads together", async () => {
    const { UploadHub } = uploadHub();
    const client = await new HubHarness(UploadHub, { maximumBufferedBytesPerClient: 10_000 }).connect();
    for (let count = 0; count < 20; count += 1) client.upload("late", [`s${count}`]);
    for (let count = 0; count < 20; count += 1) client.item(`s${count}`, "x".repeat(1000));
    expect(client.isClosed).toBe(true);
  });

  test("is given back when it was read or dropped, and never more than that", async () => {
    const account = new HeldBytes(1_000_000, () => {});
    const upload = new Upload(2, account);
    for (let count = 0; count < 5; count += 1) upload.push("x".repeat(100));
    expect(account.size).toBeGreaterThanOrEqual(5 * 100 + 3 * 100);
    const full = account.size;
    await upload.next();
    await upload.next();
    await upload.next();
    expect(account.size).toBeLessThan(full / 2);
    expect(account.size).toBeGreaterThanOrEqual(2 * 200);
    const onItsWay = upload.next();
    upload.drop();
    expect(account.size).toBe(0);
    await onItsWay;
    expect(account.size).toBe(0);
    upload.push("late");
    expect(account.size).toBe(0);
    expect(await upload.next()).toEqual({ done: true, value: undefined });
  });
});
