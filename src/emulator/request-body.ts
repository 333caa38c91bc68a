import type { IncomingMessage } from "node:http";

/** A body that is larger than allowed; the rest of it is read and thrown away. */
export const TOO_LARGE = Symbol("too large");

/** The whole body of a request; undefined when the peer went away before its end. Never rejects. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | typeof TOO_LARGE | undefined> {
  return new Promise((resolve) => {
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
      request.resume();
      resolve(TOO_LARGE);
      return;
    }
    if (request.destroyed) {
      resolve(undefined);
      return;
    }
    let chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) {
        chunks.push(chunk);
      } else {
        chunks = [];
        resolve(TOO_LARGE);
      }
    });
    request.on("error", () => resolve(undefined));
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("close", () => resolve(undefined));
  });
}
