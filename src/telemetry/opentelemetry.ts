import {
  createContextKey,
  createNoopMeter,
  type MeterProvider,
  metrics,
  context as otelContext,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { PACKAGE_VERSION } from "../base/package-version.js";
import { Scope } from "./names.js";

export type { Attributes, Context, Histogram, Meter, Observable, SpanContext, Tracer } from "@opentelemetry/api";
/**
 * The one file that imports `@opentelemetry/api`. Beside what it hands on: whether somebody listens at all, which the API
 * does not tell by itself.
 */
export { otelContext, propagation, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace };

/** Asked for to learn whether there is anybody; the same name as elsewhere, so that nothing is made for the asking. */
const PROBED_SCOPE = Scope.metrics;

/** The application's tracer provider; undefined while it has registered none. */
export function activeTracerProvider(): TracerProvider | undefined {
  const provider = trace.getTracerProvider();
  if (!(provider instanceof ProxyTracerProvider)) return provider;
  // Without one of the application's behind it, the provider of the API has no tracer to give.
  return provider.getDelegateTracer(PROBED_SCOPE) === undefined ? undefined : provider.getDelegate();
}

/** The application's meter provider; undefined while it has registered none. */
export function activeMeterProvider(): MeterProvider | undefined {
  const provider = metrics.getMeterProvider();
  return provider.getMeter(PROBED_SCOPE, PACKAGE_VERSION) === createNoopMeter() ? undefined : provider;
}

// The key of the SDK's own exporters: it is made of this text wherever it is made.
const SUPPRESSED = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** Whether this runs on behalf of an exporter, whose own doings must not become telemetry again. */
export function isSuppressed(): boolean {
  return otelContext.active().getValue(SUPPRESSED) === true;
}
