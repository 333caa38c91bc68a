import { AckRegistry } from "../../src/connections/acks.js";
import { ServiceContainer, type ServiceContainerOptions } from "../../src/connections/endpoints.js";
import type { ServerConnection } from "../../src/connections/server-connection.js";
import { finAckPing, serversPing, statusPing } from "../../src/protocol/service/pings.js";
import { countedTokens } from "./connection-harness.js";
import type { FakeServerConnection, FakeService } from "./fake-service.js";
import { ManualClock } from "./manual-clock.js";
import { eventually } from "./polling.js";
import { RecordingProbe } from "./recording-probe.js";

/** A container over fake services, whose time the test owns. */
export class ContainerHarness {
  readonly clock: ManualClock;
  readonly probe = new RecordingProbe();
  readonly acks: AckRegistry;
  /** Connections that have ended. */
  readonly closes: ServerConnection[] = [];
  readonly container: ServiceContainer;

  constructor(
    options: Pick<ServiceContainerOptions, "endpoints"> & Partial<Omit<ServiceContainerOptions, "clock">>,
    clock = new ManualClock(),
  ) {
    this.clock = clock;
    this.acks = new AckRegistry({ clock });
    this.container = new ServiceContainer({
      hub: "chathub",
      tokens: countedTokens,
      settings: { connectionCount: 1 },
      serverName: "server-1",
      acks: this.acks,
      probe: this.probe,
      clock,
      random: () => 0,
      clientsInHub: () => 0,
      onMessage: () => {},
      onConnectionClosed: (connection) => this.closes.push(connection),
      onInstanceOffline: () => {},
      ...options,
    });
  }

  /** Resolves when each endpoint has its connections. */
  async start(): Promise<this> {
    this.container.start();
    await eventually(() => this.#isOpen());
    return this;
  }

  /** Addresses that new clients are sent to, with chance at its lowest. */
  get negotiated(): string | undefined {
    return this.container.negotiateEndpoint()?.endpoint;
  }

  #isOpen(): boolean {
    const { endpoints } = this.container.status();
    return endpoints.every(({ connections }) => connections.every(({ state }) => state === "open"));
  }
}

/** Answers what endpoints are asked: which servers they have, whether they have clients, and that the end was heard. */
export class ScaleAnswers {
  servers: readonly string[] = ["server-1"];
  hasClients = false;
  readonly #service: FakeService;
  readonly #read = new WeakMap<FakeServerConnection, number>();

  constructor(service: FakeService) {
    this.#service = service;
  }

  /** Answers all that was not answered yet. */
  answer(): void {
    for (const connection of this.#service.openConnections) {
      const pings = connection.ofKind("ping");
      for (const { messages } of pings.slice(this.#read.get(connection) ?? 0)) {
        if (messages[0] === "servers") connection.send(serversPing(1, this.servers));
        else if (messages[0] === "shutdown") connection.send(finAckPing());
        else if (messages[0] === "status") {
          connection.send(statusPing({ active: this.hasClients, clientCount: 0, serverCount: 1, capacity: 0 }));
        }
      }
      this.#read.set(connection, pings.length);
    }
  }
}

/** Lets services answer until this is so. */
export async function answering(answers: readonly ScaleAnswers[], isMet: () => boolean): Promise<void> {
  await eventually(() => {
    for (const each of answers) each.answer();
    return isMet();
  });
}
