import type { Activity, Instruments, NegotiateOutcome, Recording, RecordingLink } from "../base/instruments.js";
import { PACKAGE_VERSION } from "../base/package-version.js";
import { type CallFacts, CallFactsTable } from "./call-facts.js";
import type { Durations } from "./durations.js";
import { ErrorTypes } from "./error-types.js";
import { Attribute, CONNECT_SPAN, RPC_SYSTEM, Scope } from "./names.js";
import {
  type activeTracerProvider,
  type Context,
  otelContext,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "./opentelemetry.js";

type TracerSource = NonNullable<ReturnType<typeof activeTracerProvider>>;

export interface RecorderParts {
  /** Undefined: no spans. */
  readonly tracers: TracerSource | undefined;
  /** Undefined: no durations. */
  readonly durations: Durations | undefined;
  /** Milliseconds since some fixed moment. */
  readonly now: () => number;
  readonly recordsSends: boolean;
}

/** Turns what the lower floors tell into spans and durations. */
export class Recorder implements Instruments {
  readonly recordsSends: boolean;
  readonly #parts: RecorderParts;
  readonly #server: Tracer | undefined;
  readonly #connections: Tracer | undefined;
  readonly #calls = new CallFactsTable();
  readonly #errors = new ErrorTypes();

  constructor(parts: RecorderParts) {
    const { tracers, recordsSends } = parts;
    this.#parts = parts;
    this.#server = tracers?.getTracer(Scope.server, PACKAGE_VERSION);
    this.#connections = tracers?.getTracer(Scope.connections, PACKAGE_VERSION);
    this.recordsSends = recordsSends && tracers !== undefined;
  }

  begin(activity: Activity): Recording | undefined {
    if (activity.kind === "call") return this.#beginCall(activity);
    const span = this.#startSpan(activity);
    if (span === undefined) return undefined;
    // What happens inside a hub method belongs to it; the other activities begin by themselves.
    const isInside = activity.kind === "send" || activity.kind === "clientResult";
    const around = isInside ? otelContext.active() : ROOT_CONTEXT;
    return new SpanRecording(span, trace.setSpan(around, span), this.#errors);
  }

  callRefused(hub: string, method: string | undefined, reason: string): void {
    this.#parts.durations?.recordCall(0, this.#calls.of(hub, method).metricOf(reason), otelContext.active());
  }

  clientEnded(hub: string, end: string, durationMs: number): void {
    this.#parts.durations?.recordConnection(durationMs / 1000, hub, end);
  }

  negotiated({ hub, endpoint, result }: NegotiateOutcome): void {
    const span = trace.getActiveSpan();
    if (span === undefined) return;
    span.setAttribute(Attribute.negotiateResult, result);
    if (hub !== undefined) span.setAttribute(Attribute.hub, hub);
    if (endpoint !== undefined) span.setAttribute(Attribute.endpoint, endpoint);
  }

  outside<T>(code: () => T): T {
    return otelContext.with(ROOT_CONTEXT, code);
  }

  #beginCall({ hub, method, headers, link }: Extract<Activity, { readonly kind: "call" }>): Recording {
    const facts = this.#calls.of(hub, method);
    // The client's own span, where it names one. The HTTP request that the client once made is not the parent.
    const parent = headers === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, headers);
    const span = this.#server?.startSpan(
      facts.spanName,
      { kind: SpanKind.SERVER, attributes: facts.spanAttributes, links: linksTo(link) },
      parent,
    );
    const inside = span === undefined ? parent : trace.setSpan(parent, span);
    const { durations, now } = this.#parts;
    return new CallRecording(span, inside, this.#errors, { facts, durations, now, startedAt: now() });
  }

  #startSpan(activity: Exclude<Activity, { readonly kind: "call" }>): Span | undefined {
    switch (activity.kind) {
      case "connected":
        return this.#server?.startSpan(
          `${activity.hub}/OnConnected`,
          lifecycle(activity.hub, "OnConnected"),
          ROOT_CONTEXT,
        );
      case "disconnected":
        return this.#server?.startSpan(
          `${activity.hub}/OnDisconnected`,
          { ...lifecycle(activity.hub, "OnDisconnected"), links: linksTo(activity.link) },
          ROOT_CONTEXT,
        );
      case "clientResult":
        return this.#server?.startSpan(`invoke ${activity.method}`, {
          kind: SpanKind.CLIENT,
          attributes: rpc(activity.hub, activity.method),
        });
      case "send":
        return this.#server?.startSpan(`send ${activity.method}`, {
          kind: SpanKind.PRODUCER,
          attributes: { ...rpc(activity.hub, activity.method), [Attribute.target]: activity.to },
        });
      case "connect": {
        const { hostname, port, protocol } = new URL(activity.url);
        return this.#connections?.startSpan(
          CONNECT_SPAN,
          {
            kind: SpanKind.CLIENT,
            attributes: {
              [Attribute.hub]: activity.hub,
              [Attribute.endpoint]: activity.endpoint,
              [Attribute.serverAddress]: hostname,
              [Attribute.serverPort]: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
            },
          },
          ROOT_CONTEXT,
        );
      }
    }
  }
}

class SpanRecording implements Recording {
  readonly #span: Span | undefined;
  readonly #errors: ErrorTypes;
  protected readonly inside: Context;
  #isEnded = false;

  constructor(span: Span | undefined, inside: Context, errors: ErrorTypes) {
    this.#span = span;
    this.inside = inside;
    this.#errors = errors;
  }

  get link(): RecordingLink | undefined {
    return this.#span && { spanContext: this.#span.spanContext() };
  }

  run<T>(code: () => T): T {
    // Without a context manager of the application's SDK this is a plain call.
    return this.#span === undefined ? code() : otelContext.with(this.inside, code);
  }

  end(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const type = error === undefined ? undefined : this.#errors.of(error);
    if (type !== undefined && this.#span !== undefined) {
      this.#span.setAttribute(Attribute.errorType, type);
      // No text: it may hold what users have written. The log has it, with the id of this span.
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span?.end();
    this.ended(type);
  }

  protected ended(_errorType: string | undefined): void {}
}

interface CallTiming {
  readonly facts: CallFacts;
  readonly durations: Durations | undefined;
  readonly now: () => number;
  readonly startedAt: number;
}

class CallRecording extends SpanRecording {
  readonly #timing: CallTiming;

  constructor(span: Span | undefined, inside: Context, errors: ErrorTypes, timing: CallTiming) {
    super(span, inside, errors);
    this.#timing = timing;
  }

  protected override ended(errorType: string | undefined): void {
    const { facts, durations, now, startedAt } = this.#timing;
    // In the span's context, so that an exemplar of the duration leads to the trace.
    durations?.recordCall((now() - startedAt) / 1000, facts.metricOf(errorType), this.inside);
  }
}

function rpc(hub: string, method: string) {
  return { [Attribute.rpcSystem]: RPC_SYSTEM, [Attribute.rpcService]: hub, [Attribute.rpcMethod]: method };
}

function lifecycle(hub: string, method: string) {
  return { kind: SpanKind.INTERNAL, attributes: rpc(hub, method) };
}

function linksTo(link: RecordingLink | undefined): { context: SpanContext }[] {
  return link === undefined ? [] : [{ context: link.spanContext as SpanContext }];
}
