import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../../src/base/clock.js";
import type { Certificate } from "./certificate.js";

interface Tunnel {
  readonly near: Duplex;
  readonly far: Duplex;
  usedAt: number;
}

export interface ConnectProxyOptions {
  /** Names that lead to this machine: every one does. Ports by host and port asked for. @default the port asked for */
  readonly ports?: Readonly<Record<string, number>>;
  /** `user:password` that has to be given. */
  readonly credentials?: string;
  /** An https proxy. */
  readonly tls?: Certificate;
  /** Cuts tunnels on which nothing passed for so long. */
  readonly idle?: { readonly clock: Clock; readonly limitMs: number };
}

/** An HTTP proxy that knows CONNECT, and remembers what it was asked for. */
export class ConnectProxy implements AsyncDisposable {
  /** `host:port` of each tunnel. */
  readonly asked: string[] = [];
  /** Any status but 200 refuses. */
  status = 200;
  /** Tunnels that were cut because nothing passed. */
  idleCuts = 0;
  readonly #options: ConnectProxyOptions;
  readonly #server: Server;
  readonly #tunnels = new Set<Tunnel>();
  readonly #sweep: Timer | undefined;

  private constructor(options: ConnectProxyOptions) {
    this.#options = options;
    this.#server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
    this.#server.on("connect", (request, socket: Duplex, head: Buffer) => {
      socket.on("error", () => {});
      const status = this.#statusFor(request.headers["proxy-authorization"]);
      this.asked.push(request.url ?? "");
      if (status !== 200) socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      else this.#open(request.url ?? "", socket, head);
    });
    const { idle } = options;
    this.#sweep = idle?.clock.every(1000, () => this.#cutIdle(idle.clock, idle.limitMs));
  }

  static async start(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    const scheme = this.#options.tls === undefined ? "http" : "https";
    return `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get size(): number {
    return this.#tunnels.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sweep?.cancel();
    for (const { near, far } of this.#tunnels) {
      near.destroy();
      far.destroy();
    }
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #statusFor(given: string | undefined): number {
    const { credentials } = this.#options;
    if (credentials === undefined) return this.status;
    const wanted = `Basic ${Buffer.from(credentials).toString("base64")}`;
    return given === wanted ? this.status : 407;
  }

  #open(target: string, near: Duplex, head: Buffer): void {
    const port = this.#options.ports?.[target] ?? Number(target.slice(target.lastIndexOf(":") + 1));
    const far = connect(port, "127.0.0.1", () => {
      near.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      far.write(head);
      far.pipe(near).pipe(far);
    });
    const tunnel: Tunnel = { near, far, usedAt: this.#now() };
    this.#tunnels.add(tunnel);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("data", () => {
        tunnel.usedAt = this.#now();
      });
      one.on("error", () => {});
      one.on("close", () => {
        this.#tunnels.delete(tunnel);
        other.destroy();
      });
    }
  }

  #now(): number {
    return this.#options.idle?.clock.now() ?? 0;
  }

  #cutIdle(clock: Clock, limitMs: number): void {
    for (const { near, usedAt } of this.#tunnels) {
      if (clock.now() - usedAt <= limitMs) continue;
      this.idleCuts += 1;
      near.destroy();
    }
  }
}
