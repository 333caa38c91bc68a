import { SignalRError } from "../../base/errors.js";
import { DECODE_LIMITS, type DecodeLimits, MsgpackReader } from "../msgpack/reader.js";
import { MsgpackWriter } from "../msgpack/writer.js";
import { connectionRows } from "./connection-rows.js";
import { dataRows } from "./data-rows.js";
import { groupRows } from "./group-rows.js";
import { invocationRows } from "./invocation-rows.js";
import { managementRows } from "./management-rows.js";
import type { ServiceMessage, ServiceMessageKind } from "./messages.js";
import type { AnyRow, Rows } from "./row.js";

export type { DecodeLimits } from "../msgpack/reader.js";

const ROWS: Rows<ServiceMessageKind> = {
  ...connectionRows,
  ...dataRows,
  ...groupRows,
  ...managementRows,
  ...invocationRows,
};

/** Lone messages share its slabs, as small buffers of Node share theirs. */
const SCRATCH = new MsgpackWriter();

const KINDS = Object.keys(ROWS) as ServiceMessageKind[];
const ROW_OF_TYPE: ReadonlyArray<AnyRow | undefined> = rowsByType();

function rowsByType(): Array<AnyRow | undefined> {
  const byType: Array<AnyRow | undefined> = [];
  for (const kind of KINDS) byType[ROWS[kind].type] = ROWS[kind];
  // A hole would make every look-up slow.
  return Array.from(byType);
}

/**
 * Appends the message as one frame, with its length prefix. When it throws, nothing was appended.
 * @throws SignalRError `ARGUMENT_INVALID` when a number of the message is none
 */
export function appendMessage(writer: MsgpackWriter, message: ServiceMessage): void {
  const row: AnyRow = ROWS[message.kind];
  writer.beginFrame(row.size === undefined ? 0 : row.size(message));
  try {
    writer.arrayHeader(row.more === undefined ? row.items : row.items + row.more(message));
    writer.int(row.type);
    row.write(writer, message);
  } catch (error) {
    writer.cancelFrame();
    throw error;
  }
  writer.endFrame();
}

/** The message as one frame in a buffer of its own, with its length prefix. */
export function encodeMessage(message: ServiceMessage): Buffer {
  appendMessage(SCRATCH, message);
  return SCRATCH.take();
}

/**
 * Reads the message in a frame (without its prefix). Undefined: a type that is not known here, to be passed over.
 * Bytes of the message are views into the frame. An error concerns this frame only; the stream goes on behind it.
 * @throws SignalRError `MESSAGE_MALFORMED`, or `MESSAGE_TOO_LARGE` above a limit
 */
export function decodeMessage(frame: Uint8Array, limits: DecodeLimits = DECODE_LIMITS): ServiceMessage | undefined {
  const reader = new MsgpackReader(frame, limits);
  const items = reader.arrayHeader();
  if (items === 0)
    throw new SignalRError("MESSAGE_MALFORMED", "A service message is an empty list; its type is missing.");
  const type = reader.int();
  const row = ROW_OF_TYPE[type];
  if (row === undefined) return undefined;
  if (items < row.least) {
    throw new SignalRError(
      "MESSAGE_MALFORMED",
      `A service message of type ${type} has ${items} items; ${row.least} are needed.`,
    );
  }
  try {
    return row.read(reader, items);
  } catch (error) {
    if (!(error instanceof SignalRError)) throw error;
    throw new SignalRError(error.code, `A service message of type ${type} cannot be read. ${error.message}`);
  }
}
