import type { EndpointType, ServiceEndpoint } from "../../src/config/endpoint.js";
import type { EndpointConnectionStatus } from "../../src/connections/container-status.js";
import type { HubFigures } from "../../src/host/figures.js";
import type { HubHostParts } from "../../src/host/hub-host.js";
import type { HostedHub } from "../../src/host/mapped-hub.js";
import type { ShutdownHook } from "../../src/host/shutdown.js";
import { SignalRHost, type SignalRHostParts, type SignalROptions } from "../../src/host/signalr.js";
import { createHubCounts } from "../../src/hub/hub-counts.js";
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
  open: () => void = () => {};
  readonly #states = new Map<EndpointType, EndpointConnectionStatus>();
  readonly #opened = new Promise<void>((resolve) => {
    this.open = () => {
      this.set("primary", { isOnline: true, connected: 2 });
      resolve();
    };
  });

  constructor(parts: HubHostParts) {
    this.parts = parts;
    this.hubName = parts.hubClass.name.toLowerCase();
    this.#states.set("primary", this.#stateOf("primary"));
  }

  readonly container = {
    opened: () => this.#opened,
    routeClient: () => (this.isOnline ? this.parts.settings.endpoints[0] : undefined),
    update: async (endpoints: readonly ServiceEndpoint[]) => {
      this.updates.push(endpoints.map(({ endpoint }) => endpoint));
    },
    status: () => ({ hub: this.hubName, isConnected: this.isOnline, endpoints: [...this.#states.values()] }),
  };

  get isOnline(): boolean {
    return [...this.#states.values()].some((state) => state.isOnline);
  }

  get outlet(): HubOutlet {
    const send = (_address: unknown, method: string): undefined => {
      this.sent.push(method);
    };
    return { send } as Partial<HubOutlet> as HubOutlet;
  }

  figures(): HubFigures {
    return { hub: this.hubName, clients: this.clientCount, endpoints: [], ...createHubCounts() };
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
    for (const type of this.#states.keys()) this.set(type, { isOnline: false, connected: 0 });
  }

  /** What the hub's connections to an endpoint are like from now on. */
  set(type: EndpointType, state: Partial<EndpointConnectionStatus>): void {
    this.#states.set(type, { ...this.#stateOf(type), ...state });
    this.parts.onStatusChange?.();
  }

  #stateOf(type: EndpointType): EndpointConnectionStatus {
    const { name, endpoint } = this.parts.settings.endpoints[0] ?? { name: "", endpoint: "" };
    return (
      this.#states.get(type) ?? {
        name: type === "primary" ? name : type,
        type,
        endpoint: type === "primary" ? endpoint : `https://${type}.example`,
        isOnline: false,
        since: 0,
        connected: 0,
        wanted: 2,
        isActive: true,
        metrics: { clientCount: 0, serverCount: 0, capacity: 0 },
        failure: undefined,
        connections: [],
      }
    );
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
