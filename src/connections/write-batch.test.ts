import { expect, test } from "vitest";
import { turns } from "../../test/support/polling.js";
import { FrameReader } from "../protocol/frames.js";
import { decodeMessage, encodeMessage } from "../protocol/service/codec.js";
import type { ConnectionData, ServiceMessage } from "../protocol/service/messages.js";
import { WriteBatch, type WriteBatchOptions } from "./write-batch.js";

const dataOf = (text: string): ConnectionData => ({
  kind: "connectionData",
  connectionId: "c",
  payload: Buffer.from(text),
});

function batchWith(options: Partial<WriteBatchOptions> = {}) {
  const writes: string[][] = [];
  const sent: Array<() => void> = [];
  const batch = new WriteBatch({
    transmit: (bytes, onSent) => {
      const texts: string[] = [];
      new FrameReader().push(bytes, (frame) => {
        const message = decodeMessage(frame);
        texts.push(
          message?.kind === "connectionData" ? Buffer.from(message.payload).toString() : String(message?.kind),
        );
      });
      writes.push(texts);
      sent.push(onSent);
    },
    flushBytes: 64 * 1024,
    highWaterBytes: 1024,
    maxBufferedBytes: 4096,
    ...options,
  });
  return { batch, writes, sent };
}

test("the messages of one turn travel in one websocket message, in order", async () => {
  const { batch, writes } = batchWith();
  batch.append(dataOf("1"));
  batch.append(dataOf("2"));
  await Promise.resolve();
  batch.append(dataOf("3"));
  expect(writes).toEqual([]);
  await turns(1);
  expect(writes).toEqual([["1", "2", "3"]]);
  batch.append(dataOf("4"));
  await turns(1);
  expect(writes).toEqual([["1", "2", "3"], ["4"]]);
});

test("a large batch is written at once", () => {
  const { batch, writes } = batchWith({ flushBytes: 100 });
  batch.append(dataOf("x".repeat(40)));
  expect(writes).toEqual([]);
  batch.append(dataOf("y".repeat(60)));
  expect(writes).toHaveLength(1);
});

test("an encoded frame keeps its place between messages", async () => {
  const { batch, writes } = batchWith();
  batch.append(dataOf("1"));
  batch.appendFrame(encodeMessage(dataOf("2")));
  batch.append(dataOf("3"));
  await turns(1);
  expect(writes.flat()).toEqual(["1", "2", "3"]);
});

test("beyond the bound a message is refused by a sentence that names the bound, and room makes it go again", async () => {
  const { batch, writes, sent } = batchWith();
  batch.append(dataOf("x".repeat(5000)));
  expect(() => batch.append(dataOf("no"))).toThrow(
    expect.objectContaining({ code: "SEND_BUFFER_FULL", message: expect.stringContaining("4096") }),
  );
  batch.flush();
  expect(() => batch.append(dataOf("no"))).toThrow(/4096/);
  sent[0]?.();
  batch.append(dataOf("yes"));
  await turns(1);
  expect(writes.flat().slice(1)).toEqual(["yes"]);
});

test("ready waits above the high-water mark until the bytes were sent", async () => {
  const { batch, sent } = batchWith();
  batch.append(dataOf("small"));
  expect(batch.ready()).toBeUndefined();
  batch.append(dataOf("x".repeat(2000)));
  let isReady = false;
  const ready = batch.ready()?.then(() => {
    isReady = true;
  });
  await turns(3);
  expect(isReady).toBe(false);
  sent[0]?.();
  await ready;
  expect(isReady).toBe(true);
  expect(batch.ready()).toBeUndefined();
  expect(batch.pendingBytes).toBe(0);
});

test("a close lets waiters go and drops what was not flushed", async () => {
  const { batch, writes } = batchWith();
  batch.append(dataOf("x".repeat(2000)));
  const ready = batch.ready();
  batch.close();
  await ready;
  await turns(2);
  batch.append(dataOf("late"));
  await turns(2);
  expect(writes).toEqual([]);
});

test("a message that cannot be encoded leaves its neighbours whole", async () => {
  const { batch, writes } = batchWith();
  batch.append(dataOf("before"));
  const broken: ServiceMessage = { kind: "joinGroupWithAck", connectionId: "c", groupName: "g", ackId: Number.NaN };
  expect(() => batch.append(broken)).toThrow();
  batch.append(dataOf("after"));
  await turns(1);
  expect(writes).toEqual([["before", "after"]]);
});

test("who sends and awaits in a loop lets others run, though the socket takes everything at once", async () => {
  const { batch } = batchWith({ flushBytes: 100, transmit: (_bytes, onSent) => onSent() });
  let sent = 0;
  let isOver = false;
  const pour = async () => {
    while (!isOver) {
      batch.append(dataOf("x".repeat(200)));
      sent += 1;
      await batch.ready();
    }
  };
  const poured = pour();
  await turns(3);
  expect(sent).toBeGreaterThan(10);
  expect(sent).toBeLessThan(40);
  isOver = true;
  await poured;
});

test("a close lets go who waits for the next turn", async () => {
  const { batch } = batchWith({ flushBytes: 100, transmit: (_bytes, onSent) => onSent() });
  for (let count = 0; count < 10; count += 1) batch.append(dataOf("x".repeat(200)));
  const room = batch.ready();
  expect(room).toBeInstanceOf(Promise);
  batch.close();
  await room;
  expect(batch.ready()).toBeUndefined();
});
