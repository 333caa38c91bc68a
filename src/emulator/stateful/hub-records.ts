import { createJsonHubProtocol } from "../../protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../../protocol/hub/messagepack.js";
import { HubMessageType } from "../../protocol/hub/messages.js";
import type { HubProtocol } from "../../protocol/hub/protocol.js";
import type { RecordRange } from "../../protocol/hub/record-buffer.js";
import { readTextRecord } from "../../protocol/hub/text-records.js";

/** How the hub messages of one protocol are told apart, without reading more of them than must be. */
export interface HubRecords {
  readonly protocol: HubProtocol;
  readonly isText: boolean;
  /** The message's type; undefined when it has none. */
  typeOf(record: RecordRange): number | undefined;
}

const JSON_HEAD = Buffer.from('{"type":');
const DIGIT_0 = 0x30;
const COMMA = 0x2c;
const END_OF_OBJECT = 0x7d;

const JSON_RECORDS: HubRecords = {
  protocol: createJsonHubProtocol(),
  isText: true,
  typeOf: jsonType,
};
const MESSAGEPACK_RECORDS: HubRecords = {
  protocol: createMessagePackHubProtocol(),
  isText: false,
  typeOf: messagePackType,
};
const BY_PROTOCOL: ReadonlyMap<string, HubRecords> = new Map([
  ["json", JSON_RECORDS],
  ["messagepack", MESSAGEPACK_RECORDS],
  ["blazorpack", MESSAGEPACK_RECORDS],
]);

/** Undefined for protocols that nothing is known of. `protocol` in lower case. */
export function hubRecordsOf(protocol: string): HubRecords | undefined {
  return BY_PROTOCOL.get(protocol);
}

/** Whether both sides count messages of this type: pings, ends and the counting itself are not counted. */
export function isCounted(type: number | undefined): boolean {
  return type !== undefined && type >= HubMessageType.Invocation && type <= HubMessageType.CancelInvocation;
}

function jsonType({ bytes, start, end }: RecordRange): number | undefined {
  const head = bytes.subarray(start, start + JSON_HEAD.length);
  const digit = (bytes[start + JSON_HEAD.length] ?? 0) - DIGIT_0;
  const after = bytes[start + JSON_HEAD.length + 1];
  // What all known writers write; only a message in another order has to be read.
  if (JSON_HEAD.equals(head) && digit >= 0 && digit <= 9 && (after === COMMA || after === END_OF_OBJECT)) return digit;
  try {
    const { type } = JSON.parse(readTextRecord(bytes, start, end)) as { readonly type?: unknown };
    return typeof type === "number" ? type : undefined;
  } catch {
    return undefined;
  }
}

function messagePackType({ bytes, start, end }: RecordRange): number | undefined {
  let body = start;
  while (body < end && (bytes[body] ?? 0) >= 0x80) body += 1;
  const array = bytes[body + 1] ?? 0;
  // Hub messages are arrays of a few items that begin with a small number.
  const type = array >= 0x91 && array <= 0x9f && body + 2 < end ? bytes[body + 2] : undefined;
  return type !== undefined && type < 0x80 ? type : undefined;
}
