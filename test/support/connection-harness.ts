import type { TokenSource } from "../../src/auth/token-source.js";
import type { SignalRError } from "../../src/base/errors.js";
import type { ConnectionEnvironment, ServerConnectionOptions } from "../../src/connections/connection-options.js";
import { PoolCounts } from "../../src/connections/counts.js";
import { ServerConnection } from "../../src/connections/server-connection.js";
import { type ConnectionTuning, resolveConnectionTuning } from "../../src/connections/tuning.js";
import { dialWebSocket } from "../../src/connections/ws-socket.js";
import type { AccessKeyResponse, Ack, ServiceMessage } from "../../src/protocol/service/messages.js";
import type { FakeService } from "./fake-service.js";
import { ManualClock } from "./manual-clock.js";
import { RecordingProbe } from "./recording-probe.js";

/** Tokens that say how often they were asked for. */
export function countedTokens(): TokenSource {
  let count = 0;
  const next = (): Promise<string> => {
    count += 1;
    return Promise.resolve(`token-${count}`);
  };
  return { serverToken: next, clientToken: next, restToken: next };
}

export interface ConnectionHarness {
  readonly connection: ServerConnection;
  readonly clock: ManualClock;
  readonly probe: RecordingProbe;
  readonly messages: ServiceMessage[];
  readonly pings: Array<ReadonlyArray<string | null>>;
  readonly acks: Ack[];
  readonly keys: AccessKeyResponse[];
  readonly closes: Array<{ readonly reason: SignalRError | undefined; readonly wasOpen: boolean }>;
  /** Calls of onChange. */
  changes: number;
  opens: number;
}

export interface HarnessOptions {
  readonly tuning?: ConnectionTuning;
  readonly connection?: Partial<ServerConnectionOptions>;
  readonly environment?: Partial<ConnectionEnvironment>;
  readonly onMessage?: (message: ServiceMessage, connection: ServerConnection) => void;
}

/** A server connection to the fake service, not started, with all it reports. */
export function connectionTo(service: FakeService, options: HarnessOptions = {}): ConnectionHarness {
  const clock = new ManualClock();
  const probe = new RecordingProbe();
  const environment: ConnectionEnvironment = {
    hub: "chathub",
    serverName: "server-1",
    userAgent: "test/1",
    migrationLevel: 0,
    allowStatefulReconnects: false,
    tuning: resolveConnectionTuning(options.tuning),
    clock,
    random: () => 0,
    probe,
    dial: dialWebSocket,
    newId: () => "own-id",
    clientsInHub: () => 12,
    ...options.environment,
  };
  const harness: ConnectionHarness = {
    clock,
    probe,
    messages: [],
    pings: [],
    acks: [],
    keys: [],
    closes: [],
    changes: 0,
    opens: 0,
    connection: new ServerConnection({
      environment,
      endpoint: service.endpoint(),
      tokens: countedTokens(),
      connectionType: 0,
      counts: new PoolCounts(),
      handlers: {
        onOpen: () => {
          harness.opens += 1;
        },
        onChange: () => {
          harness.changes += 1;
        },
        onMessage: (message, connection) => {
          // Payloads are views that end with this call, so what is kept is a copy.
          harness.messages.push(structuredClone(message));
          options.onMessage?.(message, connection);
        },
        onPing: (messages) => harness.pings.push(messages),
        onAck: (ack) => harness.acks.push(ack),
        levelOf: (_signature, level) => level,
        onAccessKey: (response) => harness.keys.push(response),
        onClosed: (_connection, reason, wasOpen) => harness.closes.push({ reason, wasOpen }),
      },
      ...options.connection,
    }),
  };
  return harness;
}
