import type { ConnectionFeatures } from "./features.js";

/** One claim about the user; a type may occur several times. */
export interface UserClaim {
  readonly type: string;
  readonly value: string;
}

/** Who the client is, as the app saw it at negotiate. */
export interface HubUser {
  /** In order, repeats kept. */
  readonly claims: readonly UserClaim[];
  /** False for a client that brought no claims. */
  readonly isAuthenticated: boolean;
  /** First value of a claim; short and long names (`role`, `http://…/role`) are the same claim. */
  get(type: string): string | undefined;
  /** All values of a claim, in order. */
  getAll(type: string): readonly string[];
  isInRole(role: string): boolean;
}

/** What is left of the client's HTTP request behind the service. */
export interface HubHttpContext {
  /** Path that the client asked for, without `/negotiate`; empty if it is not known. */
  readonly path: string;
  /** The app's own query members; those of the service are left out. */
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Culture of the request, e.g. `de-DE`, where the app has set one. */
  readonly culture: string | undefined;
  /** Address of the client, where the service told it. */
  readonly remoteAddress: string | undefined;
}

/** The connection that a hub call belongs to. One object for the connection's whole life. */
export interface HubCallerContext {
  readonly connectionId: string;
  /** What `userIdProvider` gave at negotiate; null for a client without one. */
  readonly userIdentifier: string | null;
  readonly user: HubUser;
  /** Whatever the hub wants to keep with the connection, between calls. */
  readonly items: Map<unknown, unknown>;
  /** Facts about the connection that hosts and filters attach; see {@link connectionMigration}. */
  readonly features: ConnectionFeatures;
  /** Aborts when the connection ends. */
  readonly signal: AbortSignal;
  readonly httpContext: HubHttpContext;
  /** Ends the connection now: nothing more is sent but the close, and the client may not reconnect by itself. */
  abort(): void;
}

/** Who connected, told by the floor above. Getters there may work lazily: an idle client should cost little memory. */
export interface ClientIdentity {
  readonly connectionId: string;
  readonly userIdentifier: string | null;
  readonly user: HubUser;
  readonly httpContext: HubHttpContext;
}

/** {@link HubCallerContext} that makes its parts when they are first asked for. */
export class SessionContext implements HubCallerContext {
  readonly #identity: ClientIdentity;
  readonly #onAbort: () => void;
  #items: Map<unknown, unknown> | undefined;
  #features: ConnectionFeatures | undefined;
  #ended: AbortController | undefined;
  #isEnded = false;

  constructor(identity: ClientIdentity, onAbort: () => void) {
    this.#identity = identity;
    this.#onAbort = onAbort;
  }

  get connectionId(): string {
    return this.#identity.connectionId;
  }

  get userIdentifier(): string | null {
    return this.#identity.userIdentifier;
  }

  get user(): HubUser {
    return this.#identity.user;
  }

  get httpContext(): HubHttpContext {
    return this.#identity.httpContext;
  }

  get items(): Map<unknown, unknown> {
    this.#items ??= new Map();
    return this.#items;
  }

  get features(): ConnectionFeatures {
    this.#features ??= new Map<symbol, unknown>() as ConnectionFeatures;
    return this.#features;
  }

  get signal(): AbortSignal {
    this.#ended ??= new AbortController();
    if (this.#isEnded && !this.#ended.signal.aborted) this.#ended.abort();
    return this.#ended.signal;
  }

  abort(): void {
    this.#onAbort();
  }

  /** Fires {@link signal}; called once by the session, before the hub hears of the disconnect. */
  end(): void {
    this.#isEnded = true;
    this.#ended?.abort();
  }
}
