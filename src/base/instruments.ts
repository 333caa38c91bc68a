/** To link one recording to an earlier one. What it holds is known to whoever made it. */
export interface RecordingLink {
  readonly spanContext: unknown;
}

/** Something that takes time, while somebody watches. Its methods do not throw, except what `code` throws. */
export interface Recording {
  /** Undefined when only the duration is kept. */
  readonly link: RecordingLink | undefined;
  /** Runs code inside: what the code starts counts as part of this. */
  run<T>(code: () => T): T;
  /** The end; only the first one counts. @param error what made it fail; undefined: it did not fail */
  end(error?: unknown): void;
}

/** What can be recorded. Ids of clients, users and groups have no place here. */
export type Activity =
  /** A hub method, plain or stream, from its filters to its last item. */
  | {
      readonly kind: "call";
      /** Name of the hub class. */
      readonly hub: string;
      /** The method's registered name. */
      readonly method: string;
      /** Of the client's message, where it may name its own span. */
      readonly headers: Readonly<Record<string, string>> | undefined;
      /** The client's `onConnected`. */
      readonly link: RecordingLink | undefined;
    }
  | { readonly kind: "connected"; readonly hub: string }
  | { readonly kind: "disconnected"; readonly hub: string; readonly link: RecordingLink | undefined }
  /** A question to a client, until its answer. */
  | { readonly kind: "clientResult"; readonly hub: string; readonly method: string }
  /** A message to clients, until it was handed to the service. */
  | { readonly kind: "send"; readonly hub: string; readonly method: string; readonly to: string }
  /** A server connection, from its first step until it is open. */
  | { readonly kind: "connect"; readonly hub: string; readonly endpoint: string; readonly url: string };

/** Why a call ended before its method began. */
export type CallRefusal = "unknown_method" | "invalid_arguments" | "unauthorized" | "wrong_kind" | "not_started";

/** How the connection of a client ended. */
export type ClientEnd = "normal_closure" | "timeout" | "app_shutdown";

/** How a negotiate request was answered. */
export interface NegotiateOutcome {
  /** Name at the service; undefined when it is not known. */
  readonly hub: string | undefined;
  /** Where the client was sent. */
  readonly endpoint: string | undefined;
  /** `ok`, or the code of the refusal. */
  readonly result: string;
}

/** Whoever records spans and durations. Plain counts need no instrument: they are read from where they are kept. */
export interface Instruments {
  /** Whether to begin a `send` for each message; there are many. */
  readonly recordsSends: boolean;
  /** Begins a recording; undefined when nobody wants this kind. */
  begin(activity: Activity): Recording | undefined;
  /** A call that never reached its method. `method` is undefined when the hub has none of that name. */
  callRefused(hub: string, method: string | undefined, reason: CallRefusal): void;
  clientEnded(hub: string, end: ClientEnd, durationMs: number): void;
  /** Told inside the HTTP request that asked. */
  negotiated(outcome: NegotiateOutcome): void;
  /** Runs code so that what it starts belongs to no recording, whoever called. */
  outside<T>(code: () => T): T;
}
