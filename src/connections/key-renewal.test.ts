import { expect, test } from "vitest";
import { countedTokens } from "../../test/support/connection-harness.js";
import { FakeService } from "../../test/support/fake-service.js";
import { ManualClock } from "../../test/support/manual-clock.js";
import { eventually, turns } from "../../test/support/polling.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import type { KeyExchange } from "../auth/token-source.js";
import { SignalRError } from "../base/errors.js";
import { createEndpoint } from "../config/service-endpoint.js";
import type { AccessKeyResponse, ServiceMessage } from "../protocol/service/messages.js";
import { AckRegistry } from "./acks.js";
import { ServiceContainer } from "./endpoints.js";
import { KeyRenewal } from "./key-renewal.js";
import type { ServerConnection } from "./server-connection.js";
import { resolveConnectionTuning } from "./tuning.js";

const TEN_MINUTES = 600_000;
const REFUSED: AccessKeyResponse = {
  kind: "accessKeyResponse",
  kid: null,
  accessKey: null,
  errorType: "Forbidden",
  errorMessage: "no role",
};

/** The part of a server connection that renewing a key needs. */
function writable() {
  const sent: ServiceMessage[] = [];
  const connection = { isOpen: true, send: (message: ServiceMessage) => sent.push(message) };
  return { sent, connection: connection as unknown as ServerConnection & { isOpen: boolean } };
}

function renewal(exchange: Partial<KeyExchange> = {}) {
  const clock = new ManualClock();
  const probe = new RecordingProbe();
  const taken: AccessKeyResponse[] = [];
  const keys = new KeyRenewal({
    exchange: {
      request: async () => ({ token: "identity", keyId: "held" }),
      take: (response) => taken.push(response),
      ...exchange,
    },
    environment: { clock, probe, hub: "chat", tuning: resolveConnectionTuning() },
    endpoint: createEndpoint({ connectionString: "Endpoint=https://one.example;AuthType=azure" }),
  });
  return { clock, probe, taken, keys };
}

test("a connection asks for a key when it opens and every ten minutes, until it closes", async () => {
  const { clock, keys } = renewal();
  const { sent, connection } = writable();
  keys.opened(connection);
  await turns();
  expect(sent).toEqual([{ kind: "accessKeyRequest", token: "identity", kid: "held" }]);
  clock.advance(TEN_MINUTES);
  await turns();
  expect(sent).toHaveLength(2);
  keys.closed(connection);
  clock.advance(TEN_MINUTES);
  await turns();
  expect(sent).toHaveLength(2);
});

test("a connection that is lost while the identity answers is not written to", async () => {
  const { keys, probe } = renewal();
  const { sent, connection } = writable();
  keys.opened(connection);
  Object.assign(connection, { isOpen: false });
  await turns();
  expect(sent).toEqual([]);
  expect(probe.of("SendAccessKeyRequestFailed")).toEqual([]);
  keys.closed(connection);
});

test("an identity without a token is told to the log", async () => {
  const { keys, probe } = renewal({
    request: () => Promise.reject(new SignalRError("CREDENTIAL_UNAVAILABLE", "no identity here")),
  });
  const { connection } = writable();
  keys.opened(connection);
  await turns();
  expect(probe.of("SendAccessKeyRequestFailed")).toMatchObject([{ level: "warn" }]);
  keys.closed(connection);
});

test("a refusal is an error once, and the same again is told quietly", () => {
  const { keys, probe } = renewal({
    take: () => {
      throw new SignalRError("TOKEN_NOT_AUTHORIZED", "no role");
    },
  });
  keys.take(REFUSED);
  keys.take(REFUSED);
  expect(probe.of("AuthorizeFailed").map(({ level }) => level)).toEqual(["error", "debug"]);
});

test("a pool asks on each connection right after its handshake, and hands the answers on; the hub sees none of it", async () => {
  const service = await FakeService.start();
  const clock = new ManualClock();
  const taken: AccessKeyResponse[] = [];
  const seen: ServiceMessage[] = [];
  const keyExchange: KeyExchange = {
    request: async () => ({ token: "identity", keyId: null }),
    take: (response) => taken.push(response),
  };
  const container = new ServiceContainer({
    hub: "chat",
    endpoints: [service.endpoint()],
    tokens: () => ({ ...countedTokens(), keyExchange }),
    settings: { connectionCount: 2 },
    serverName: "server-1",
    acks: new AckRegistry({ clock }),
    clock,
    clientsInHub: () => 0,
    onMessage: (message) => seen.push(message),
    onConnectionClosed: () => {},
    onInstanceOffline: () => {},
  });
  container.start();
  for (const index of [0, 1]) {
    const connection = await service.connection(index);
    const [asked] = await connection.take("accessKeyRequest");
    expect(asked).toMatchObject({ token: "identity", kid: null });
    connection.send({ ...REFUSED, kid: `key-${index}` });
  }
  await eventually(() => taken.length === 2);
  expect(taken.map(({ kid }) => kid).sort()).toEqual(["key-0", "key-1"]);
  expect(seen).toEqual([]);
  const stopping = container.stop();
  await service.stop();
  await stopping;
  expect(clock.pendingTimers).toBe(0);
});
