import { MsgpackWriter } from "../msgpack/writer.js";
import { MessagePackRecord, ResultKind } from "./messagepack-record.js";
import { encodeValue } from "./messagepack-values.js";
import type {
  CompletionMessage,
  HubMessage,
  HubMessageHeaders,
  InvocationMessage,
  StreamInvocationMessage,
} from "./messages.js";
import { type HubProtocol, type HubProtocolOptions, InvalidDataException } from "./protocol.js";

/** The MessagePack encoding of hub messages: a length prefix and an array a message. It has no options yet. */
export function createMessagePackHubProtocol(_options: HubProtocolOptions = {}): HubProtocol {
  return new MessagePackHubProtocol();
}

const NONE: readonly string[] = Object.freeze([]);

interface Head {
  readonly type: number;
  readonly headers?: HubMessageHeaders | undefined;
}

class MessagePackHubProtocol implements HubProtocol {
  readonly name = "messagepack";
  readonly version = 2;
  readonly transferFormat = "Binary";
  #idleWriter: MsgpackWriter | undefined;

  recordEnd(bytes: Uint8Array, start: number): number {
    let length = 0;
    for (let index = 0; index < 5; index += 1) {
      const byte = bytes[start + index];
      if (byte === undefined) return -1;
      // The fifth byte has room for the last three bits of a 31 bit length.
      if (index === 4 && byte > 7) throw new InvalidDataException("Messages over 2GB in size are not supported.");
      length |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return start + index + 1 + length;
    }
    return -1;
  }

  read(bytes: Uint8Array, start: number, end: number): HubMessage | undefined {
    let body = start;
    while ((bytes[body] ?? 0) >= 0x80) body += 1;
    return new MessagePackRecord(asBuffer(bytes).subarray(body + 1, end)).message();
  }

  write(message: HubMessage): Uint8Array {
    // A value may run code while it is encoded (a getter, toJSON) and that code may write a message of its own.
    const writer = this.#idleWriter ?? new MsgpackWriter();
    this.#idleWriter = undefined;
    try {
      writer.beginFrame();
      writeMessage(writer, message);
      writer.endFrame();
      return writer.take();
    } finally {
      writer.cancelFrame();
      this.#idleWriter = writer;
    }
  }
}

function writeMessage(writer: MsgpackWriter, message: HubMessage): void {
  switch (message.type) {
    case 1:
    case 4:
      writeInvocation(writer, message);
      return;
    case 2:
      writeHead(writer, 4, message);
      writer.str(message.invocationId);
      writeValue(writer, message.item);
      return;
    case 3:
      writeCompletion(writer, message);
      return;
    case 5:
      writeHead(writer, 3, message);
      writer.str(message.invocationId);
      return;
    case 6:
      writer.arrayHeader(1);
      writer.int(6);
      return;
    case 7:
      writer.arrayHeader(3);
      writer.int(7);
      writer.strOrNil(message.error || null);
      writer.bool(message.allowReconnect ?? false);
      return;
    case 8:
    case 9:
      writer.arrayHeader(2);
      writer.int(message.type);
      writer.int(message.sequenceId);
  }
}

function writeInvocation(writer: MsgpackWriter, message: InvocationMessage | StreamInvocationMessage): void {
  writeHead(writer, 6, message);
  writer.strOrNil(message.invocationId || null);
  writer.str(message.target);
  writer.arrayHeader(message.arguments.length);
  for (let index = 0; index < message.arguments.length; index += 1) writeValue(writer, message.arguments[index]);
  const streamIds = message.streamIds ?? NONE;
  writer.arrayHeader(streamIds.length);
  for (const streamId of streamIds) writer.str(streamId);
}

function writeCompletion(writer: MsgpackWriter, message: CompletionMessage): void {
  const isVoid = message.error === undefined && !message.hasResult;
  writeHead(writer, isVoid ? 4 : 5, message);
  writer.str(message.invocationId);
  if (message.error !== undefined) {
    writer.int(ResultKind.Error);
    writer.str(message.error);
  } else if (message.hasResult) {
    writer.int(ResultKind.NonVoid);
    writeValue(writer, message.result);
  } else {
    writer.int(ResultKind.Void);
  }
}

function writeHead(writer: MsgpackWriter, items: number, message: Head): void {
  writer.arrayHeader(items);
  writer.int(message.type);
  const { headers } = message;
  if (headers === undefined) {
    writer.mapHeader(0);
    return;
  }
  const names = Object.keys(headers);
  writer.mapHeader(names.length);
  for (const name of names) {
    writer.str(name);
    writer.str(headers[name] ?? "");
  }
}

/** The scalars that most messages carry are written here; the library is asked for all others. */
function writeValue(writer: MsgpackWriter, value: unknown): void {
  if (typeof value === "string") writer.str(value);
  else if (Number.isSafeInteger(value)) writer.int(value as number);
  else if (typeof value === "boolean") writer.bool(value);
  else if (value === null || value === undefined) writer.nil();
  else writer.raw(encodeValue(value));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
