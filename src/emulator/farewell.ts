import { HubMessageType } from "../protocol/hub/messages.js";
import { MsgpackWriter } from "../protocol/msgpack/writer.js";
import { isTextProtocol } from "./payloads.js";

const RECORD_SEPARATOR_TEXT = "\u001e";
const JSON_CLOSE = Buffer.from('{"type":7');
const END_OF_OBJECT = 0x7d;
const COMMA = 0x2c;

/** The hub message that ends a connection; what the service says on its own behalf. */
export function closeMessage(protocol: string, error: string | undefined, allowReconnect: boolean): Buffer {
  if (isTextProtocol(protocol)) {
    const message = {
      type: HubMessageType.Close,
      ...(error === undefined ? {} : { error }),
      ...(allowReconnect ? { allowReconnect } : {}),
    };
    return Buffer.from(JSON.stringify(message) + RECORD_SEPARATOR_TEXT);
  }
  // All other protocols are MessagePack, whose length prefix is that of service messages.
  const writer = new MsgpackWriter();
  writer.beginFrame();
  writer.arrayHeader(3);
  writer.int(HubMessageType.Close);
  writer.strOrNil(error ?? null);
  writer.bool(allowReconnect);
  writer.endFrame();
  return writer.take();
}

/**
 * Whether an app's bytes begin with a Close message. Old SDKs do not mark it, and a client must not be told a second
 * time, in other words.
 */
export function isCloseMessage(protocol: string, payload: Uint8Array): boolean {
  if (isTextProtocol(protocol)) {
    const after = payload[JSON_CLOSE.length];
    return (after === END_OF_OBJECT || after === COMMA) && JSON_CLOSE.equals(payload.subarray(0, JSON_CLOSE.length));
  }
  let body = 0;
  while (body < 5 && ((payload[body] ?? 0) & 0x80) !== 0) body += 1;
  const array = payload[body + 1] ?? 0;
  return array >= 0x91 && array <= 0x9f && payload[body + 2] === HubMessageType.Close;
}
