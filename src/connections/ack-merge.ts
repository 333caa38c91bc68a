import { SignalRError } from "../base/errors.js";
import { type Ack, type AckableMessage, AckStatus } from "../protocol/service/messages.js";

type AckableKind = AckableMessage["kind"];

// The client can be at one endpoint only, so the first yes is the whole truth.
const FIRST_YES: ReadonlySet<AckableKind> = new Set([
  "joinGroupWithAck",
  "leaveGroupWithAck",
  "checkConnectionExistenceWithAck",
]);

/**
 * One answer out of those of several endpoints. Questions about one client: the first Ok, else an error of any, else
 * NotFound. All others: when all have answered, an error of any, else Ok if any said so, else NotFound.
 */
export async function mergeAcks(kind: AckableKind, answers: ReadonlyArray<Promise<Ack>>): Promise<Ack> {
  if (FIRST_YES.has(kind)) {
    const yes = await firstYes(answers);
    if (yes !== undefined) return yes;
  }
  const outcomes = await Promise.allSettled(answers);
  let result: Ack | undefined;
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") throw outcome.reason;
    if (result === undefined || outcome.value.status === AckStatus.Ok) result = outcome.value;
  }
  if (result === undefined)
    throw new SignalRError("NOT_CONNECTED", "No endpoint was asked, because none is connected.");
  return result;
}

/** Undefined when all have answered and none with Ok. */
function firstYes(answers: ReadonlyArray<Promise<Ack>>): Promise<Ack | undefined> {
  return new Promise((resolve) => {
    const seen = answers.map((answer) =>
      answer.then(
        (ack) => {
          if (ack.status === AckStatus.Ok) resolve(ack);
        },
        // Errors count only when nobody says yes; mergeAcks looks at them then.
        () => {},
      ),
    );
    // Never rejects: every element handles its own failure.
    void Promise.all(seen).then(() => resolve(undefined));
  });
}
