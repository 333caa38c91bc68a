import type { HubCallerContext } from "./context.js";
import type { AnyHub } from "./hub.js";

/** One call of a hub method, as filters and policies see it. */
export interface HubInvocation {
  readonly context: HubCallerContext;
  readonly hub: AnyHub;
  /** The registered name, whatever case the client used. */
  readonly methodName: string;
  /** What the method will get, uploads included; filters may change it. */
  readonly args: unknown[];
}

/** A connection's begin or end, as filters see it. */
export interface HubLifetime {
  readonly context: HubCallerContext;
  readonly hub: AnyHub;
}

/**
 * Code around hub calls. Filters run inside authorization and argument binding; the first one added is the outermost,
 * global ones before those of the hub.
 *
 * @example
 * const timing: HubFilter = {
 *   async invoke(invocation, next) {
 *     const start = performance.now();
 *     try { return await next(); } finally { record(invocation.methodName, performance.now() - start); }
 *   },
 * };
 */
export interface HubFilter {
  /** `next()` gives the method's result (the stream itself for stream methods); what is returned takes its place. */
  invoke?(invocation: HubInvocation, next: () => Promise<unknown>): unknown;
  connected?(lifetime: HubLifetime, next: () => Promise<void>): void | Promise<void>;
  disconnected?(lifetime: HubLifetime, error: Error | undefined, next: () => Promise<void>): void | Promise<void>;
}

/** Filters of one hub, composed once; a part is undefined when no filter has it, so that it costs nothing. */
export interface FilterChain {
  readonly invoke: ((invocation: HubInvocation, method: () => unknown) => Promise<unknown>) | undefined;
  readonly connected: ((lifetime: HubLifetime, method: () => unknown) => Promise<unknown>) | undefined;
  readonly disconnected:
    | ((lifetime: HubLifetime, error: Error | undefined, method: () => unknown) => Promise<unknown>)
    | undefined;
}

type Step<T> = (subject: T, next: () => Promise<unknown>) => unknown;

export function composeFilters(filters: readonly HubFilter[]): FilterChain {
  const invoke = compose<HubInvocation>(
    steps(filters, (filter) => filter.invoke && ((invocation, next) => filter.invoke?.(invocation, next))),
  );
  const connected = compose<HubLifetime>(
    steps(filters, (filter) => filter.connected && ((lifetime, next) => filter.connected?.(lifetime, asVoid(next)))),
  );
  const disconnected = compose<{ readonly lifetime: HubLifetime; readonly error: Error | undefined }>(
    steps(
      filters,
      (filter) =>
        filter.disconnected && (({ lifetime, error }, next) => filter.disconnected?.(lifetime, error, asVoid(next))),
    ),
  );
  return {
    invoke,
    connected,
    disconnected: disconnected && ((lifetime, error, method) => disconnected({ lifetime, error }, method)),
  };
}

function steps<T>(filters: readonly HubFilter[], pick: (filter: HubFilter) => Step<T> | undefined): Array<Step<T>> {
  return filters.map(pick).filter((step) => step !== undefined);
}

function compose<T>(
  chain: ReadonlyArray<Step<T>>,
): ((subject: T, last: () => unknown) => Promise<unknown>) | undefined {
  if (chain.length === 0) return undefined;
  const runFrom = async (position: number, subject: T, last: () => unknown): Promise<unknown> => {
    const step = chain[position];
    return step === undefined ? await last() : await step(subject, () => runFrom(position + 1, subject, last));
  };
  return (subject, last) => runFrom(0, subject, last);
}

function asVoid(next: () => Promise<unknown>): () => Promise<void> {
  return async () => {
    await next();
  };
}
