import fc from "fast-check";
import type { HubMessage } from "../../src/protocol/hub/messages.js";

// Well-formed Unicode only: what is not cannot come back from UTF-8 unchanged.
const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 300 }) },
);
const id = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const headers = fc.option(fc.dictionary(id, id, { minKeys: 1, maxKeys: 4 }), { nil: undefined });
const streamIds = fc.option(fc.array(id, { minLength: 1, maxLength: 3 }), { nil: undefined });

const number = fc.oneof(
  fc.integer(),
  fc.nat(300),
  fc.maxSafeInteger(),
  // -0 has no text of its own in JSON, and no integer form in MessagePack; integers from 2^53 on come back as bigint.
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value))
    .map((value) => value + 0),
);
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null));

function nested(leaf: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  // MessagePack refuses the one key that could reach an object's prototype.
  const key = text.filter((name) => name !== "__proto__");
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthIdentifier: "value" },
      leaf,
      fc.array(tie("value"), { maxLength: 5, depthIdentifier: "value" }),
      fc.dictionary(key, tie("value"), { maxKeys: 5, depthIdentifier: "value", noNullPrototype: true }),
    ),
  })).value;
}

/** Values that both encodings carry without loss. */
export const plainValue: fc.Arbitrary<unknown> = nested(scalar);

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });

/** Integers that a JavaScript number cannot hold, of 64 bits. */
export const largeInteger: fc.Arbitrary<bigint> = int64.filter(
  (value) => value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER,
);

/** Values of JSON with integers of any size. */
export const exactJsonValue: fc.Arbitrary<unknown> = nested(
  fc.oneof(scalar, largeInteger, fc.bigInt({ min: 2n ** 64n, max: 2n ** 200n })),
);

/** Values that MessagePack carries without loss. */
export const messagePackValue: fc.Arbitrary<unknown> = nested(
  fc.oneof(
    scalar,
    largeInteger,
    fc.uint8Array({ maxLength: 40 }),
    fc.date({ noInvalidDate: true }),
    fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN),
  ),
);

/** Any message that carries such values. */
export function hubMessage(value: fc.Arbitrary<unknown>): fc.Arbitrary<HubMessage> {
  const values = fc.array(value, { maxLength: 5 });
  const sequenceId = fc.maxSafeNat();
  return fc.oneof<fc.Arbitrary<HubMessage>[]>(
    fc.record({
      type: fc.constant(1),
      headers,
      invocationId: fc.option(id, { nil: undefined }),
      target: id,
      arguments: values,
      streamIds,
    }),
    fc.record({ type: fc.constant(2), headers, invocationId: id, item: value }),
    fc.record({ type: fc.constant(3), headers, invocationId: id, hasResult: fc.constant(true), result: value }),
    fc.record({ type: fc.constant(3), headers, invocationId: id, hasResult: fc.constant(false) }),
    fc.record({ type: fc.constant(3), headers, invocationId: id, hasResult: fc.constant(false), error: text }),
    fc.record({ type: fc.constant(4), headers, invocationId: id, target: id, arguments: values, streamIds }),
    fc.record({ type: fc.constant(5), headers, invocationId: id }),
    fc.record({ type: fc.constant(6) }),
    fc.record({ type: fc.constant(7), error: fc.option(id, { nil: undefined }), allowReconnect: fc.constant(true) }),
    fc.record({ type: fc.constant(8), sequenceId }),
    fc.record({ type: fc.constant(9), sequenceId }),
  );
}
