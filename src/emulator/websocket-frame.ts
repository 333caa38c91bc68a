const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;

/** What a frame made by {@link encodeFrame} holds: a view. */
export function framePayload(frame: Buffer): Buffer {
  const length = frame[1] ?? 0;
  return frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10);
}

/**
 * A whole unmasked websocket frame around `payload`, which is copied. Made once, the same buffer can be written to any
 * number of sockets: that is what makes a broadcast cheap.
 */
export function encodeFrame(payload: Uint8Array, isText: boolean): Buffer {
  const length = payload.length;
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  frame[0] = isText ? FINAL_TEXT : FINAL_BINARY;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  frame.set(payload, headerLength);
  return frame;
}
