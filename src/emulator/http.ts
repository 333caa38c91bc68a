import type { IncomingMessage, ServerResponse } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** An HTTP answer that says no, in words. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

/** One part of the emulator's HTTP face. */
export interface HttpDoor {
  /** True: the request is (or will be) answered. */
  request(request: IncomingMessage, response: ServerResponse, url: URL): boolean;
}

/** One kind of websocket that the emulator accepts. */
export interface UpgradeDoor {
  /** True: the socket is (or will be) taken care of. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): boolean;
}

/** The URL of a request; host and scheme are placeholders. Undefined when the target is no path at all. */
export function requestUrl(request: IncomingMessage): URL | undefined {
  const target = request.url ?? "";
  if (!target.startsWith("/")) return undefined;
  try {
    // Prefixed instead of resolved, so that `//host/path` stays a path.
    return new URL(`http://emulator${target}`);
  } catch {
    return undefined;
  }
}

/** The query exactly as received, with its `?`; empty when there is none. */
export function rawQuery(request: { readonly url?: string | undefined }): string {
  const target = request.url ?? "";
  const start = target.indexOf("?");
  return start === -1 ? "" : target.slice(start);
}

/** Answers with a short text; a refused token is told in the header too, as bearer schemes do. */
export function refuse(response: ServerResponse, refusal: Refusal): void {
  if (refusal.status === 401) response.setHeader("WWW-Authenticate", challenge(refusal.reason));
  response.writeHead(refusal.status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(refusal.reason);
}

/** Refuses an upgrade: answers in plain HTTP and closes the socket. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = Buffer.from(refusal.reason);
  const lines = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? "Refused"}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${body.length}`,
  ];
  if (refusal.status === 401) lines.push(`WWW-Authenticate: ${challenge(refusal.reason)}`);
  socket.once("finish", () => socket.destroy());
  socket.end(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), body]));
}

/** The header `WWW-Authenticate` for a token that is refused. */
export function challenge(reason: string): string {
  // Reasons are our own sentences, but may name what was found: nothing that could end the quotes or the line.
  return `Bearer error="invalid_token", error_description="${reason.replace(/[^\x20-\x7e]|["\\]/g, "'")}"`;
}
