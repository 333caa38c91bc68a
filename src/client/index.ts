/**
 * Types for a `@microsoft/signalr` connection, taken from the hub class itself. Runs in browsers; nothing of the server
 * is loaded, `import type` of the hub is enough.
 *
 * @packageDocumentation
 */
import type { AnyHub } from "../hub/hub.js";
import { Download } from "./download.js";
import type { ConnectionLike, StreamLike, TypedConnection } from "./types.js";
import { type PreparedArguments, prepareArguments } from "./uploads.js";

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
  readonly #answers: Map<string, Handler>;

  constructor(connection: ConnectionLike) {
    this.connection = connection;
    this.#answers = answersOf(connection);
  }

  on(method: string, handler: Handler): void {
    // A value that a listener happens to return must not become the answer to a server that asks.
    this.connection.on(method, listenerOf(handler));
    const answer = this.#answers.get(method.toLowerCase());
    if (answer === undefined) return;
    // The official client answers with what its last handler gives, so the one that answers stays the last.
    this.connection.off(method, answer);
    this.connection.on(method, answer);
  }

  off(method: string, handler?: Handler): void {
    const name = method.toLowerCase();
    if (handler === undefined) {
      this.#answers.delete(name);
      this.connection.off(method);
    } else if (this.#answers.get(name) === handler) {
      this.#answers.delete(name);
      this.connection.off(method, handler);
    } else {
      this.connection.off(method, listenerOf(handler));
    }
  }

  handle(method: string, handler: Handler): void {
    const name = method.toLowerCase();
    if (this.#answers.has(name)) {
      throw new Error(
        `"${method}" has a handler that answers already; take it away with off("${method}", handler) first.`,
      );
    }
    this.#answers.set(name, handler);
    this.connection.on(method, handler);
  }

  async invoke(method: string, ...given: unknown[]): Promise<unknown> {
    const { args, stop } = this.#prepare(given);
    try {
      return await this.connection.invoke(method, ...args);
    } finally {
      stop();
    }
  }

  async send(method: string, ...given: unknown[]): Promise<void> {
    await this.connection.send(method, ...this.#prepare(given).args);
  }

  stream(method: string, ...given: unknown[]): AsyncIterable<unknown> {
    let stop: () => void = () => {};
    const open = (): StreamLike => {
      const prepared = this.#prepare(given);
      stop = prepared.stop;
      return this.connection.stream(method, ...prepared.args);
    };
    return new Download(open, () => stop());
  }

  #prepare(given: readonly unknown[]): PreparedArguments {
    return prepareArguments(given, () => (this.connection.state ?? CONNECTED) === CONNECTED);
  }
}

type Handler = (...args: never[]) => unknown;

const CONNECTED = "Connected";
const LISTENERS = new WeakMap<Handler, Handler>();
const ANSWERS = new WeakMap<ConnectionLike, Map<string, Handler>>();

/** The same wrapper for the same handler, so that `off` finds it. */
function listenerOf(handler: Handler): Handler {
  let listener = LISTENERS.get(handler);
  if (listener === undefined) {
    listener = (...args) => {
      handler(...args);
    };
    LISTENERS.set(handler, listener);
  }
  return listener;
}

/** The handlers that answer on a connection, by lower-case method name, however often it was typed. */
function answersOf(connection: ConnectionLike): Map<string, Handler> {
  let answers = ANSWERS.get(connection);
  if (answers === undefined) {
    answers = new Map();
    ANSWERS.set(connection, answers);
  }
  return answers;
}
