/**
 * Types for a `@microsoft/signalr` connection, taken from the hub class itself. Runs in browsers; nothing of the server
 * is loaded, `import type` of the hub is enough.
 *
 * @packageDocumentation
 */
import type { AnyHub } from "../hub/hub.js";
import { Download } from "./download.js";
import type { ConnectionLike, StreamLike, TypedConnection } from "./types.js";
import { Uploads } from "./uploads.js";

export { type InjectHeaders, withTraceContext } from "./trace-context.js";
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
  readonly #uploads: Uploads;

  constructor(connection: ConnectionLike) {
    this.connection = connection;
    const { answers, uploads } = stateOf(connection);
    this.#answers = answers;
    this.#uploads = uploads;
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
    const { args, stop } = this.#uploads.prepare(given);
    try {
      return await this.connection.invoke(method, ...args);
    } finally {
      stop();
    }
  }

  async send(method: string, ...given: unknown[]): Promise<void> {
    const { args, stop } = this.#uploads.prepare(given);
    try {
      await this.connection.send(method, ...args);
    } catch (error) {
      stop();
      throw error;
    }
  }

  stream(method: string, ...given: unknown[]): AsyncIterable<unknown> {
    let stop: () => void = () => {};
    const open = (): StreamLike => {
      const prepared = this.#uploads.prepare(given);
      stop = prepared.stop;
      return this.connection.stream(method, ...prepared.args);
    };
    return new Download(open, () => stop());
  }
}

type Handler = (...args: never[]) => unknown;

/** What belongs to a connection, however often it was typed. */
interface ConnectionState {
  /** The handlers that answer, by lower-case method name. */
  readonly answers: Map<string, Handler>;
  readonly uploads: Uploads;
}

const LISTENERS = new WeakMap<Handler, Handler>();
const STATES = new WeakMap<ConnectionLike, ConnectionState>();

/** The same wrapper for the same handler, so that `off` finds it. */
function listenerOf(handler: Handler): Handler {
  let listener = LISTENERS.get(handler);
  if (listener === undefined) {
    // Awaited, so that a failure of an async handler goes where the official client reports failures.
    listener = async (...args) => {
      await handler(...args);
    };
    LISTENERS.set(handler, listener);
  }
  return listener;
}

function stateOf(connection: ConnectionLike): ConnectionState {
  let state = STATES.get(connection);
  if (state === undefined) {
    state = { answers: new Map(), uploads: new Uploads(connection) };
    STATES.set(connection, state);
  }
  return state;
}
