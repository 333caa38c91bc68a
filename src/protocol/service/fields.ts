import type { MsgpackReader } from "../msgpack/reader.js";
import type { MsgpackWriter } from "../msgpack/writer.js";
import type { Payloads, WireClaim, WireHeaders } from "./messages.js";

export const NO_STRINGS: readonly string[] = Object.freeze([]);
export const NO_HEADERS: WireHeaders = Object.freeze([]);

/** Names, headers and lengths around the payloads, for size estimates. */
const OVERHEAD_BYTES = 24;

export function writeStrings(writer: MsgpackWriter, list: readonly string[]): void {
  writer.arrayHeader(list.length);
  for (const item of list) writer.str(item);
}

/** A list of ids or names; nil items are dropped. */
export function readStrings(reader: MsgpackReader): readonly string[] {
  const items = reader.arrayHeader();
  if (items === 0) return NO_STRINGS;
  const list: string[] = [];
  for (let item = 0; item < items; item += 1) {
    if (!reader.takeNil()) list.push(reader.str());
  }
  return list;
}

/** Text whose absence means the same as the empty one. */
export function readText(reader: MsgpackReader): string {
  return reader.takeNil() ? "" : reader.str();
}

export function writeClaims(writer: MsgpackWriter, claims: readonly WireClaim[]): void {
  writer.mapHeader(claims.length);
  for (const [type, value] of claims) {
    writer.str(type);
    writer.str(value);
  }
}

/** A map on the wire, but with repeated keys: every entry is kept, in order. */
export function readClaims(reader: MsgpackReader): readonly WireClaim[] {
  const entries = reader.mapHeader();
  const claims: WireClaim[] = [];
  for (let entry = 0; entry < entries; entry += 1) {
    const type = reader.str();
    claims.push([type, reader.str()]);
  }
  return claims;
}

export function writeHeaders(writer: MsgpackWriter, headers: WireHeaders): void {
  writer.mapHeader(headers.length);
  for (const [name, values] of headers) {
    writer.str(name);
    writeStrings(writer, values);
  }
}

export function readHeaders(reader: MsgpackReader): WireHeaders {
  const entries = reader.mapHeader();
  if (entries === 0) return NO_HEADERS;
  const headers: Array<readonly [string, readonly string[]]> = [];
  for (let entry = 0; entry < entries; entry += 1) {
    const name = reader.str();
    headers.push([name, readStrings(reader)]);
  }
  return headers;
}

export function writePayloads(writer: MsgpackWriter, payloads: Payloads): void {
  writer.mapHeader(payloads.length);
  for (const [protocol, payload] of payloads) {
    writer.str(protocol);
    writer.bin(payload);
  }
}

export function readPayloads(reader: MsgpackReader): Payloads {
  const entries = reader.mapHeader();
  const payloads: Array<readonly [string, Uint8Array]> = [];
  for (let entry = 0; entry < entries; entry += 1) {
    const protocol = reader.str();
    payloads.push([protocol, reader.bin()]);
  }
  return payloads;
}

/** About how many bytes the payloads take; right enough to choose the length prefix. */
export function payloadsSize(payloads: Payloads): number {
  let size = OVERHEAD_BYTES;
  for (const [protocol, payload] of payloads) size += protocol.length + payload.length + OVERHEAD_BYTES;
  return size;
}
