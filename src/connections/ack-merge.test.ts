import { expect, test } from "vitest";
import { SignalRError } from "../base/errors.js";
import { type Ack, AckStatus } from "../protocol/service/messages.js";
import { mergeAcks } from "./ack-merge.js";

const ackOf = (status: number): Promise<Ack> =>
  Promise.resolve({ kind: "ack", ackId: 1, status, message: "", payload: null });
const failed = () => Promise.reject(new SignalRError("ACK_FAILED", "no"));
const never = new Promise<Ack>(() => {});

test("the first yes about one client settles the matter, whatever the others do", async () => {
  await expect(mergeAcks("joinGroupWithAck", [never, failed(), ackOf(AckStatus.Ok)])).resolves.toMatchObject({
    status: AckStatus.Ok,
  });
});

test("without a yes about one client an error counts more than NotFound", async () => {
  await expect(mergeAcks("leaveGroupWithAck", [ackOf(AckStatus.NotFound), failed()])).rejects.toMatchObject({
    code: "ACK_FAILED",
  });
  await expect(
    mergeAcks("checkConnectionExistenceWithAck", [ackOf(AckStatus.NotFound), ackOf(AckStatus.NotFound)]),
  ).resolves.toMatchObject({
    status: AckStatus.NotFound,
  });
});

test("for groups and users all answers are awaited: an error fails, one Ok is enough", async () => {
  await expect(mergeAcks("checkGroupExistenceWithAck", [ackOf(AckStatus.Ok), failed()])).rejects.toMatchObject({
    code: "ACK_FAILED",
  });
  await expect(
    mergeAcks("userJoinGroupWithAck", [ackOf(AckStatus.Ok), ackOf(AckStatus.NotFound)]),
  ).resolves.toMatchObject({
    status: AckStatus.Ok,
  });
});
