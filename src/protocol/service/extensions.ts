import type { MsgpackReader } from "../msgpack/reader.js";
import type { MsgpackWriter } from "../msgpack/writer.js";
import type { ServiceExtensions } from "./messages.js";

/** Keys of the extension map; which of them a kind of message may carry is a sum of `1 << key`. */
const Key = Object.freeze({
  TracingId: 1,
  Ttl: 2,
  Protocol: 3,
  Filter: 4,
  DataMessageType: 5,
  IsPartial: 6,
});

/** The map is always written empty, and what comes in it is passed over. */
export const NO_EXTENSIONS = 0;
export const TRACING = 1 << Key.TracingId;
export const TRACING_TTL = TRACING | (1 << Key.Ttl);
export const TRACING_PROTOCOL = TRACING | (1 << Key.Protocol);
export const TRACING_FILTER = TRACING | (1 << Key.Filter);
export const TRACING_DATA = TRACING | (1 << Key.DataMessageType) | (1 << Key.IsPartial);

/** Room that the common extensions take at most, for size estimates. */
export const EXTENSION_BYTES = 16;

/** A message part: the extension map as a property, absent when it is empty. */
export interface ExtensionPart {
  readonly ext?: ServiceExtensions;
}

const NOTHING: ExtensionPart = Object.freeze({});

/** Writes the members that are set and that this kind may carry, in ascending key order. */
export function writeExtensions(writer: MsgpackWriter, ext: ServiceExtensions | undefined, allowed: number): void {
  if (ext === undefined || allowed === NO_EXTENSIONS) {
    writer.mapHeader(0);
    return;
  }
  const tracingId = has(allowed, Key.TracingId) ? ext.tracingId : undefined;
  const ttl = has(allowed, Key.Ttl) ? ext.ttl : undefined;
  const protocol = has(allowed, Key.Protocol) ? ext.protocol : undefined;
  const filter = has(allowed, Key.Filter) ? ext.filter : undefined;
  // Zero and false mean the same as absent, and are not written.
  const dataMessageType = has(allowed, Key.DataMessageType) ? (ext.dataMessageType ?? 0) : 0;
  const isPartial = has(allowed, Key.IsPartial) && ext.isPartial === true;

  writer.mapHeader(
    Number(tracingId !== undefined) +
      Number(ttl !== undefined) +
      Number(protocol !== undefined) +
      Number(filter !== undefined) +
      Number(dataMessageType !== 0) +
      Number(isPartial),
  );
  if (tracingId !== undefined) {
    writer.int(Key.TracingId);
    writer.uint64(tracingId);
  }
  if (ttl !== undefined) {
    writer.int(Key.Ttl);
    writer.int(ttl);
  }
  if (protocol !== undefined) {
    writer.int(Key.Protocol);
    writer.str(protocol);
  }
  if (filter !== undefined) {
    writer.int(Key.Filter);
    writer.str(filter);
  }
  if (dataMessageType !== 0) {
    writer.int(Key.DataMessageType);
    writer.int(dataMessageType);
  }
  if (isPartial) {
    writer.int(Key.IsPartial);
    writer.bool(true);
  }
}

/**
 * Reads the map at item `index`, if the array reaches that far; undefined when nothing is in it. Keys that are unknown,
 * or that this kind does not carry, are passed over with their value.
 */
export function readExtensions(
  reader: MsgpackReader,
  items: number,
  index: number,
  allowed: number,
): ServiceExtensions | undefined {
  return items > index ? readMap(reader, allowed) : undefined;
}

/** The same as a part to spread into a message. */
export function extensionPart(reader: MsgpackReader, items: number, index: number, allowed: number): ExtensionPart {
  const ext = readExtensions(reader, items, index, allowed);
  return ext === undefined ? NOTHING : { ext };
}

function readMap(reader: MsgpackReader, allowed: number): ServiceExtensions | undefined {
  const entries = reader.mapHeader();
  let ext: { -readonly [Name in keyof ServiceExtensions]: ServiceExtensions[Name] } | undefined;
  for (let entry = 0; entry < entries; entry += 1) {
    const key = reader.int();
    if (!isKnown(key) || !has(allowed, key)) {
      reader.skip();
      continue;
    }
    if (reader.takeNil()) continue;
    ext ??= {};
    if (key === Key.TracingId) ext.tracingId = reader.uint64();
    else if (key === Key.Ttl) ext.ttl = reader.int();
    else if (key === Key.Protocol) ext.protocol = reader.str();
    else if (key === Key.Filter) ext.filter = reader.str();
    else if (key === Key.DataMessageType) ext.dataMessageType = reader.int();
    else ext.isPartial = reader.bool();
  }
  return ext;
}

function isKnown(key: number): boolean {
  return key >= Key.TracingId && key <= Key.IsPartial;
}

function has(keys: number, key: number): boolean {
  return (keys & (1 << key)) !== 0;
}
