import type { ServiceEndpoint } from "../../src/config/endpoint.js";
import type { EndpointConnectionStatus } from "../../src/connections/container-status.js";
import type { HubHostParts } from "../../src/host/hub-host.js";
import type { HostedHub } from "../../src/host/mapped-hub.js";
import type { ShutdownHook } from "../../src/host/shutdown.js";
import { SignalRHost, type SignalRHostParts, type SignalROptions } from "../../src/host/signalr.js";
import type { HubOutlet } from "../../src/hub/outlet.js";
import { RecordingProbe } from "./recording-probe.js";

/** What no answer, report or log may show. */
export const KEY = "a-key-that-must-never-be-seen-anywhere-0123456789";
export const connectionString = `Endpoint=http://localhost;Port=9;AccessKey=${KEY};Version=1.0;`;

/** A hub's host without a service: connected when the test says so. */
class StubHost implements HostedHub {
  readonly parts: HubHostParts;
  readonly hubName: string;
  readonly calls: string[] = [];
  readonly sent: string[] = [];
  readonly hooks: ShutdownHook[] = [];
  /** Addresses of each update. */
  readonly updates: string[][] = [];
  /** Holds the end of the shutdown. */
  stopping: Promise<void> | undefined;
  clientCount = 0;
  online: "primary" | "secondary" | undefined;
  open: () => void = () => {};
  readonly #opened = new Promise<void>((resolve) => {
    this.open = () => {
      this.online = "primary";
      resolve();
    };
  });

  constructor(parts: HubHostParts) {
    this.parts = parts;
    this.hubName = parts.hubClass.name.toLowerCase();
  }

  readonly container = {
    opened: () => this.#opened,
    routeClient: () => (this.online === undefined ? undefined : this.parts.settings.endpoints[0]),
    update: async (endpoints: readonly ServiceEndpoint[]) => {
      this.updates.push(endpoints.map(({ endpoint }) => endpoint));
    },
    status: () => ({ hub: this.hubName, isConnected: this.online !== undefined, endpoints: this.#endpoints() }),
  };

  get outlet(): HubOutlet {
    const send = (_address: unknown, method: string): undefined => {
      this.sent.push(method);
    };
    return { send } as Partial<HubOutlet> as HubOutlet;
  }

  start(): void {
    this.calls.push("start");
  }

  async drain(hooks: readonly ShutdownHook[]): Promise<void> {
    this.calls.push("drain");
    this.hooks.push(...hooks);
    await this.stopping;
  }

  async stop(hooks: readonly ShutdownHook[]): Promise<void> {
    this.calls.push("stop");
    this.hooks.push(...hooks);
    await this.stopping;
    this.online = undefined;
  }

  #endpoints(): EndpointConnectionStatus[] {
    const metrics = { clientCount: 0, serverCount: 0, capacity: 0 };
    return (["primary", "secondary"] as const).map((type) => ({
      name: type,
      type,
      endpoint: `https://${type}.example`,
      isOnline: this.online === type,
      isActive: true,
      metrics,
      failure: undefined,
      connections: [],
    }));
  }
}

/** A named host that reads nothing of this machine, over stubs unless told otherwise. */
export function buildHost(options: SignalROptions<object> = {}, parts: Partial<SignalRHostParts<object>> = {}) {
  const stubs: StubHost[] = [];
  const host = new SignalRHost<object>(
    "signalr",
    { configuration: { values: {} }, connectionString, ...options },
    {
      probe: new RecordingProbe(),
      defaultClaims: () => undefined,
      env: {},
      createHubHost: (given) => {
        const stub = new StubHost(given);
        stubs.push(stub);
        return stub;
      },
      ...parts,
    },
  );
  return { host, stubs };
}

/** Long enough for what `mapHub` has put off, and for settings to be read. */
export const nextTurn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

/** Negotiates, as a door would. */
export function ask(host: SignalRHost<object>, path = "/chat/negotiate") {
  const request = {
    method: "POST",
    path,
    originalPath: path,
    query: "",
    headers: {},
    remoteAddress: undefined,
    raw: {},
  };
  return host.negotiate(request);
}
