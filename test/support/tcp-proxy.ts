import { once } from "node:events";
import { type AddressInfo, createServer, createConnection as dial, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What the network does to all that passes. */
interface NetworkWeather {
  /** Milliseconds that each chunk is on its way. */
  latencyMs: number;
  /** Up to so many milliseconds more, by chance. Chunks stay in order, as TCP has it. */
  jitterMs: number;
  /** Bytes a second in each direction of each connection; senders feel it as back-pressure. */
  bytesPerSecond: number;
}

/** A network between a hub server and its service that a test can break. */
export class TcpProxy {
  readonly weather: NetworkWeather = { latencyMs: 0, jitterMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };
  /** False: whoever connects is cut off at once. */
  isOpen = true;
  /** Where connections lead that are made from now on. */
  targetPort: number;
  /** Connections that were taken so far. */
  taken = 0;
  readonly #server: Server;
  readonly #links = new Set<Link>();

  private constructor(targetPort: number) {
    this.targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      near.on("error", () => {});
      if (!this.isOpen) {
        near.destroy();
        return;
      }
      this.taken += 1;
      const far = dial({ port: this.targetPort, host: "127.0.0.1", allowHalfOpen: true });
      const link = new Link(near, far, this.weather);
      this.#links.add(link);
      near.once("close", () => this.#links.delete(link));
    });
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are there now. */
  get size(): number {
    return this.#links.size;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const link of this.#links) link.cut();
  }

  /** On the connections that are there now nothing passes any more, not even an end: they are half open. */
  freeze(): void {
    for (const link of this.#links) link.freeze();
  }

  /** What was held back by {@link freeze} goes on its way. */
  thaw(): void {
    for (const link of this.#links) link.thaw();
  }

  /** Breaks each connection after so many bytes more for the side that connected: in the middle of a frame, most likely. */
  cutAfter(bytes: number): void {
    for (const link of this.#links) link.cutAfter(bytes);
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** One connection through the proxy. */
class Link {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #toNear: Lane;
  readonly #toFar: Lane;

  constructor(near: Socket, far: Socket, weather: NetworkWeather) {
    this.#near = near;
    this.#far = far;
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    this.#toNear = new Lane(far, near, weather);
    this.#toFar = new Lane(near, far, weather);
    far.once("close", () => this.#closed());
    near.once("close", () => this.#closed());
  }

  cut(): void {
    this.#near.resetAndDestroy();
    this.#far.resetAndDestroy();
  }

  freeze(): void {
    this.#toNear.freeze();
    this.#toFar.freeze();
  }

  thaw(): void {
    this.#toNear.thaw();
    this.#toFar.thaw();
  }

  cutAfter(bytes: number): void {
    this.#toNear.stopAfter(bytes, () => this.cut());
  }

  #closed(): void {
    if (this.#toNear.isFrozen) return;
    this.#near.destroy();
    this.#far.destroy();
  }
}

/** One direction: chunks are delayed, in order, and not read faster than they are delivered. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #weather: NetworkWeather;
  #limit: { bytes: number; readonly reached: () => void } | undefined;
  /** Set while nothing passes. */
  #frozen: { readonly over: Promise<void>; end(): void } | undefined;

  constructor(from: Socket, to: Socket, weather: NetworkWeather) {
    this.#from = from;
    this.#to = to;
    this.#weather = weather;
    // Whatever ends it, ends the sockets too.
    this.#run().catch(() => {});
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  freeze(): void {
    let end: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#frozen ??= { over, end };
  }

  thaw(): void {
    this.#frozen?.end();
    this.#frozen = undefined;
  }

  stopAfter(bytes: number, reached: () => void): void {
    this.#limit = { bytes, reached };
  }

  async #run(): Promise<void> {
    let last: Promise<void> = Promise.resolve();
    let onTheirWay = 0;
    for await (const chunk of this.#from as AsyncIterable<Buffer>) {
      const { latencyMs, jitterMs } = this.#weather;
      const delayMs = latencyMs + Math.random() * jitterMs;
      if (delayMs === 0 && onTheirWay === 0) {
        await this.#deliver(chunk);
        continue;
      }
      // Reads on meanwhile, so that latency does not become a limit of the rate.
      onTheirWay += 1;
      last = Promise.all([delay(delayMs), last])
        .then(() => this.#deliver(chunk))
        .finally(() => {
          onTheirWay -= 1;
        });
      last.catch(() => {}); // it is awaited at the end
    }
    await last;
    await this.#frozen?.over;
    this.#to.end();
  }

  async #deliver(chunk: Buffer): Promise<void> {
    await this.#frozen?.over;
    const limit = this.#limit;
    if (limit !== undefined && chunk.length >= limit.bytes) {
      await this.#write(chunk.subarray(0, limit.bytes));
      limit.reached();
      return;
    }
    if (limit !== undefined) limit.bytes -= chunk.length;
    await this.#write(chunk);
    const { bytesPerSecond } = this.#weather;
    if (Number.isFinite(bytesPerSecond)) await delay((chunk.length / bytesPerSecond) * 1000);
  }

  async #write(chunk: Buffer): Promise<void> {
    if (this.#to.destroyed || this.#to.write(chunk)) return;
    await Promise.race([once(this.#to, "drain"), once(this.#to, "close")]);
  }
}
