import type { Clock } from "../base/clock.js";
import type { Ping } from "../protocol/service/messages.js";
import { PingKey, readPing, readPingCount, readServersTag, type ServersTag } from "../protocol/service/pings.js";

/** How full an endpoint is, by its last word; 0 until it is known. */
export interface EndpointMetrics {
  readonly clientCount: number;
  readonly serverCount: number;
  /** Client connections that the endpoint can take. */
  readonly capacity: number;
}

const UNKNOWN: EndpointMetrics = Object.freeze({ clientCount: 0, serverCount: 0, capacity: 0 });
const INACTIVE_ANSWERS = 5;
const INACTIVE_MS = 10 * 60_000;
/** Three askings, and a little. */
const SERVERS_VALID_MS = 16_000;

/** What an endpoint told about itself in its pings. */
export class EndpointStatus {
  readonly #clock: Clock;
  #metrics = UNKNOWN;
  #hasClients = false;
  #inactiveAnswers = 0;
  #inactiveSince = 0;
  #statusAnswers = 0;
  #servers: ServersTag | undefined;
  #serversAt = 0;
  #tracesMessages = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get metrics(): EndpointMetrics {
    return this.#metrics;
  }

  /** The last answer about the hub: does it have clients anywhere at this endpoint? False until told. */
  get hasClients(): boolean {
    return this.#hasClients;
  }

  /** False after at least five answers without clients over at least ten minutes: nobody there needs our messages. */
  get isActive(): boolean {
    if (this.#inactiveAnswers < INACTIVE_ANSWERS) return true;
    return this.#clock.now() - this.#inactiveSince < INACTIVE_MS;
  }

  /** How often the endpoint has told whether it has clients. */
  get statusAnswers(): number {
    return this.#statusAnswers;
  }

  /** Which servers are connected to the endpoint; undefined until told, and when that is long ago. */
  get servers(): ServersTag | undefined {
    return this.#clock.now() - this.#serversAt < SERVERS_VALID_MS ? this.#servers : undefined;
  }

  /** Whether the service asks for tracing ids in messages. */
  get tracesMessages(): boolean {
    return this.#tracesMessages;
  }

  /** Reads what it knows and ignores the rest. Counts come with any ping, and only one of the other three after them. */
  take(messages: Ping["messages"]): void {
    const value = readPing(messages);
    this.#takeCounts(value);
    const status = value(PingKey.Status);
    if (typeof status === "string") {
      this.#takeStatus(status === "1");
      return;
    }
    const servers = value(PingKey.Servers);
    if (typeof servers === "string") {
      this.#takeServers(readServersTag(servers));
      return;
    }
    const tracing = value(PingKey.MessageTracing);
    if (typeof tracing === "string") this.#tracesMessages = tracing === "1";
  }

  #takeCounts(value: ReturnType<typeof readPing>): void {
    const clientCount = readPingCount(value(PingKey.ClientCount));
    const serverCount = readPingCount(value(PingKey.ServerCount));
    const capacity = readPingCount(value(PingKey.Capacity));
    if (clientCount === undefined && serverCount === undefined && capacity === undefined) return;
    this.#metrics = Object.freeze({
      clientCount: clientCount ?? this.#metrics.clientCount,
      serverCount: serverCount ?? this.#metrics.serverCount,
      capacity: capacity ?? this.#metrics.capacity,
    });
  }

  #takeStatus(hasClients: boolean): void {
    this.#hasClients = hasClients;
    this.#statusAnswers += 1;
    if (hasClients) {
      this.#inactiveAnswers = 0;
      return;
    }
    if (this.#inactiveAnswers === 0) this.#inactiveSince = this.#clock.now();
    this.#inactiveAnswers += 1;
  }

  #takeServers(tag: ServersTag | undefined): void {
    // Instances of the service answer independently, so an old answer may come late.
    if (tag === undefined || (this.#servers !== undefined && tag.updatedAt < this.#servers.updatedAt)) return;
    // Of two with the same time the first one holds; that it was said again makes it no older.
    if (tag.updatedAt !== this.#servers?.updatedAt) this.#servers = tag;
    this.#serversAt = this.#clock.now();
  }
}
