/**
 * Types for a `@microsoft/signalr` connection, taken from the hub class itself. Runs in browsers; nothing of the server
 * is loaded, `import type` of the hub is enough.
 *
 * @packageDocumentation
 */
import type { AnyHub } from "../hub/hub.js";
import { readStream } from "./download.js";
import type { ConnectionLike, TypedConnection } from "./types.js";
import { prepareArguments } from "./uploads.js";

export type {
  ClientOf,
  ConnectionLike,
  HubArguments,
  HubResult,
  PlainMethod,
  StreamItem,
  StreamLike,
  StreamMethod,
  Subscriber,
  TypedConnection,
} from "./types.js";

/**
 * Gives a connection the types of its hub: names, arguments, results, streams in both directions.
 *
 * @example
 * import type { ChatHub } from "../server/chat-hub.js";
 * const chat = typed<ChatHub>(connection);
 * chat.on("messageReceived", (user, text) => show(user, text));
 * await chat.invoke("sendMessage", "ann", "hi");
 */
export function typed<THub extends AnyHub>(connection: ConnectionLike): TypedConnection<THub> {
  return new Typed(connection) as unknown as TypedConnection<THub>;
}

class Typed {
  readonly connection: ConnectionLike;
  readonly #handled = new Set<string>();

  constructor(connection: ConnectionLike) {
    this.connection = connection;
  }

  on(method: string, handler: (...args: never[]) => void): void {
    // A value that a listener happens to return must not become the answer to a server that asks.
    this.connection.on(method, this.#listener(handler));
  }

  off(method: string, handler?: (...args: never[]) => void): void {
    if (handler === undefined) {
      this.#handled.delete(method.toLowerCase());
      this.connection.off(method);
    } else {
      this.connection.off(method, this.#listener(handler));
    }
  }

  handle(method: string, handler: (...args: never[]) => unknown): void {
    const name = method.toLowerCase();
    if (this.#handled.has(name)) {
      throw new Error(`"${method}" has a handler that answers already; take it away with off("${method}") first.`);
    }
    this.#handled.add(name);
    this.connection.on(method, handler);
  }

  async invoke(method: string, ...given: unknown[]): Promise<unknown> {
    const { args, stop } = prepareArguments(given);
    try {
      return await this.connection.invoke(method, ...args);
    } finally {
      stop();
    }
  }

  async send(method: string, ...given: unknown[]): Promise<void> {
    await this.connection.send(method, ...prepareArguments(given).args);
  }

  async *stream(method: string, ...given: unknown[]): AsyncGenerator<unknown, void, undefined> {
    const { args, stop } = prepareArguments(given);
    try {
      yield* readStream(() => this.connection.stream(method, ...args));
    } finally {
      stop();
    }
  }

  /** The same wrapper for the same handler, so that `off` finds it. */
  #listener(handler: (...args: never[]) => void): (...args: never[]) => void {
    let listener = LISTENERS.get(handler);
    if (listener === undefined) {
      listener = (...args) => {
        handler(...args);
      };
      LISTENERS.set(handler, listener);
    }
    return listener;
  }
}

const LISTENERS = new WeakMap<(...args: never[]) => void, (...args: never[]) => void>();
