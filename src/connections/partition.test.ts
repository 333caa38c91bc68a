import { expect, test } from "vitest";
import type { ServiceMessage } from "../protocol/service/messages.js";
import { PARTITION_SLOTS, partitionKeyOf, partitionSlot } from "./partition.js";

test("the same key has the same slot, and all slots are used about evenly", () => {
  const counts = new Array<number>(PARTITION_SLOTS).fill(0);
  for (let index = 0; index < 25_600; index += 1) {
    const slot = partitionSlot(`group-${index}`);
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  expect(partitionSlot("lobby")).toBe(partitionSlot("lobby"));
  expect(Math.min(...counts)).toBeGreaterThan(30);
  expect(Math.max(...counts)).toBeLessThan(250);
});

test("joins of a group and sends to it share a key, checks of a connection have none", () => {
  const join: ServiceMessage = { kind: "joinGroupWithAck", connectionId: "c", groupName: "g", ackId: 1 };
  const send: ServiceMessage = {
    kind: "groupBroadcastData",
    groupName: "g",
    excludedList: [],
    payloads: [],
    excludedUserList: [],
    callerUserId: null,
  };
  expect(partitionKeyOf(join)).toBe("g");
  expect(partitionKeyOf(send)).toBe("g");
  expect(partitionKeyOf({ kind: "userData", userId: "u", payloads: [] })).toBe("u");
  expect(partitionKeyOf({ kind: "broadcastData", excludedList: [], payloads: [] })).toBe("broadcastData");
  expect(partitionKeyOf({ kind: "leaveGroup", connectionId: "c", groupName: null })).toBeUndefined();
  expect(partitionKeyOf({ kind: "checkConnectionExistenceWithAck", connectionId: "c", ackId: 1 })).toBeUndefined();
});
