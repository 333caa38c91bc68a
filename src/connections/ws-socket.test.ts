import type { AddressInfo } from "node:net";
import { createServer as createTcpServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeService } from "../../test/support/fake-service.js";
import { eventually, turns } from "../../test/support/polling.js";
import type { SignalRError } from "../base/errors.js";
import { encodeMessage } from "../protocol/service/codec.js";
import type { FrameSocket } from "./socket.js";
import { dialError, errorOfStatus } from "./ws-errors.js";
import { dialWebSocket } from "./ws-socket.js";

let service: FakeService;
const sockets: FrameSocket[] = [];

beforeEach(async () => {
  service = await FakeService.start();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await service.stop();
});

function dial(url: string, maxMessageBytes = 1000) {
  const seen = { opens: 0, chunks: [] as Buffer[], closes: [] as Array<SignalRError | undefined> };
  const socket = dialWebSocket(
    { url, headers: { Authorization: "Bearer very-secret" }, maxMessageBytes },
    {
      onOpen: () => {
        seen.opens += 1;
      },
      onBytes: (chunk) => seen.chunks.push(Buffer.from(chunk)),
      onClose: (reason) => seen.closes.push(reason),
    },
  );
  sockets.push(socket);
  return { socket, seen };
}

const address = () => `ws://127.0.0.1:${service.port}/server/?hub=h`;

async function closeOf(url: string): Promise<SignalRError | undefined> {
  const { seen } = dial(url);
  await eventually(() => seen.closes.length > 0);
  expect(seen.opens).toBe(0);
  return seen.closes[0];
}

test.each([
  [401, /access key.*clock/],
  [403, /role|networking/],
  [404, /Serverless mode/],
  [503, /unavailable/],
  [302, /redirects/],
])("HTTP %i in place of the websocket says what to do", async (status, advice) => {
  service.refuseWith = status;
  const reason = await closeOf(address());
  expect(reason).toMatchObject({ code: "CONNECTION_REFUSED", message: expect.stringMatching(advice) });
  expect(reason?.message).toContain(String(status));
  expect(JSON.stringify(reason) + String(reason?.stack)).not.toContain("very-secret");
});

test("a port where nobody listens is told", async () => {
  const port = service.port;
  await service.stop();
  const reason = await closeOf(`ws://127.0.0.1:${port}/`);
  expect(reason).toMatchObject({ code: "CONNECTION_REFUSED", message: expect.stringContaining("Nobody listens") });
  service = await FakeService.start();
});

test("a peer that speaks no TLS, or ends the connection while dialing, is told", async () => {
  const tcp: Server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    tcp.listen(0, "127.0.0.1", resolve);
  });
  const { port } = tcp.address() as AddressInfo;
  for (const scheme of ["ws", "wss"]) {
    const reason = await closeOf(`${scheme}://127.0.0.1:${port}/`);
    expect(reason).toMatchObject({ code: "CONNECTION_REFUSED" });
  }
  tcp.close();
});

test.each([
  ["ENOTFOUND", /cannot be resolved/],
  ["ECONNREFUSED", /Nobody listens/],
  ["ETIMEDOUT", /firewall/],
  ["SELF_SIGNED_CERT_IN_CHAIN", /certificate/],
  ["CERT_HAS_EXPIRED", /certificate/],
  ["EPROTO", /certificate|scheme/],
  ["SOMETHING", /could not be opened: raw text/],
])("%s is translated and kept as the cause", (code, sentence) => {
  const source = Object.assign(new Error("raw text"), { code });
  const error = dialError("host", source, false);
  expect(error).toMatchObject({ code: "CONNECTION_REFUSED", message: expect.stringMatching(sentence), cause: source });
});

test("of several addresses that failed the first one tells the story", () => {
  const group = new AggregateError([Object.assign(new Error("v6"), { code: "ECONNREFUSED" })], "");
  expect(dialError("host", group, false).message).toContain("Nobody listens");
});

test("an unknown status is told as it is", () => {
  expect(errorOfStatus("host", 418).message).toContain("HTTP 418");
});

test("bytes go both ways, and onSent is called", async () => {
  const { socket, seen } = dial(address());
  await eventually(() => seen.opens === 1);
  let sent = 0;
  socket.send(Buffer.from([2, 0x91, 3]), () => {
    sent += 1;
  });
  const [peer] = service.connections;
  await peer?.take("ping");
  peer?.sendBytes(Buffer.from([1, 2, 3]));
  await eventually(() => seen.chunks.length === 1);
  expect([...(seen.chunks[0] ?? [])]).toEqual([1, 2, 3]);
  await eventually(() => sent === 1);
});

test("a websocket message above the limit ends it at once", async () => {
  const { seen } = dial(address(), 100);
  await eventually(() => seen.opens === 1);
  service.connections[0]?.sendBytes(Buffer.alloc(101));
  await eventually(() => seen.closes.length > 0);
  expect(seen.closes[0]).toMatchObject({
    code: "CONNECTION_LOST",
    message: expect.stringContaining("above the limit"),
  });
});

test("onClose is called once, whatever happens around the end", async () => {
  const { socket, seen } = dial(address());
  await eventually(() => seen.opens === 1);
  service.connections[0]?.drop();
  socket.close();
  socket.destroy();
  socket.destroy();
  await eventually(() => seen.closes.length > 0);
  await turns();
  expect(seen.closes).toHaveLength(1);
});

test("onSent is also called for bytes that never leave", async () => {
  const { socket, seen } = dial(address());
  await eventually(() => seen.opens === 1);
  service.connections[0]?.stopReading();
  let sent = 0;
  const frame = encodeMessage({ kind: "connectionData", connectionId: "c", payload: Buffer.alloc(50_000) });
  for (let count = 0; count < 200; count += 1) {
    socket.send(frame, () => {
      sent += 1;
    });
  }
  socket.destroy();
  await eventually(() => sent === 200);
  expect(seen.closes.length).toBeLessThanOrEqual(1);
});
