import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { SignalRError } from "../../base/errors.js";

/** One port for several processes of an app: each connection goes to the next of them that takes it. */
export class Forwarder {
  readonly #server: Server;
  readonly #targets: readonly number[];
  readonly #sockets = new Set<Socket>();
  #next = 0;

  private constructor(targets: readonly number[]) {
    this.#targets = targets;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#forward(client));
  }

  /**
   * Listens on 127.0.0.1.
   *
   * @param port 0 takes a free one
   * @throws SignalRError PORT_IN_USE, HOSTING_FAILED when it cannot listen for another reason
   */
  static async open(port: number, targets: readonly number[]): Promise<Forwarder> {
    const forwarder = new Forwarder(targets);
    const server = forwarder.#server.listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE") {
        const text = `Port ${port} on 127.0.0.1 is in use by another program. Stop it, or choose another port.`;
        throw new SignalRError("PORT_IN_USE", text, { cause: error });
      }
      const text = `Port ${port} cannot be listened on (${code ?? "unknown reason"}).`;
      throw new SignalRError("HOSTING_FAILED", text, { cause: error });
    }
    return forwarder;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #forward(client: Socket): void {
    this.#hold(client);
    const first = this.#next;
    this.#next = (first + 1) % this.#targets.length;
    this.#tryTarget(client, first, this.#targets.length);
  }

  #tryTarget(client: Socket, index: number, attemptsLeft: number): void {
    const port = this.#targets[index % this.#targets.length];
    if (port === undefined || attemptsLeft === 0) {
      client.destroy();
      return;
    }
    const target = connect({ port, host: "localhost", allowHalfOpen: true });
    this.#hold(target);
    let isOpen = false;
    target.once("connect", () => {
      isOpen = true;
      client.pipe(target).pipe(client);
    });
    target.once("close", (hadError) => {
      if (!isOpen && hadError && !client.destroyed) this.#tryTarget(client, index + 1, attemptsLeft - 1);
      else client.destroy();
    });
    client.once("close", () => target.destroy());
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
