import type { MsgpackReader } from "../msgpack/reader.js";
import type { MsgpackWriter } from "../msgpack/writer.js";
import type { ServiceMessage, ServiceMessageKind } from "./messages.js";

/** The message type of a kind. */
export type MessageOf<K extends ServiceMessageKind> = Extract<ServiceMessage, { readonly kind: K }>;

/**
 * How one kind of message travels: an array that begins with the type number. Readers accept longer arrays (newer
 * writers) and, down to `least`, shorter ones (older writers).
 */
export interface Row<K extends ServiceMessageKind> {
  readonly type: number;
  /** Array items written, the type counted. */
  readonly items: number;
  /** Array items that a reader cannot do without, the type counted. */
  readonly least: number;
  /** About how many bytes the message takes; only for kinds that carry payloads. */
  size?(message: MessageOf<K>): number;
  /** Array items written behind those, only for kinds whose messages differ in that. */
  more?(message: MessageOf<K>): number;
  /** Writes the items behind the type. */
  write(writer: MsgpackWriter, message: MessageOf<K>): void;
  /** Reads the items behind the type; `items` is how many the array has, the type counted. */
  read(reader: MsgpackReader, items: number): MessageOf<K>;
}

/** One row for each of these kinds: a forgotten one does not compile. */
export type Rows<K extends ServiceMessageKind> = { readonly [Each in K]: Row<Each> };

/** A row whose kind is known at run time only: whoever hands it a message has looked at the message's kind. */
export interface AnyRow {
  readonly type: number;
  readonly items: number;
  readonly least: number;
  more?(message: ServiceMessage): number;
  size?(message: ServiceMessage): number;
  write(writer: MsgpackWriter, message: ServiceMessage): void;
  read(reader: MsgpackReader, items: number): ServiceMessage;
}
