import { context, metrics, propagation, trace } from "@opentelemetry/api";
import { logs } from "@opentelemetry/api-logs";
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from "@opentelemetry/sdk-logs";
import { type DataPoint, MeterProvider, type MetricData, MetricReader } from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { eventually } from "./polling.js";

class ReaderOnDemand extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** Which parts of an SDK an application may run. */
export interface TelemetryParts {
  readonly traces?: boolean;
  readonly metrics?: boolean;
  readonly logs?: boolean;
}

/** A whole OpenTelemetry SDK of this process that keeps everything in memory. Ends with the test that made it. */
export class TelemetrySdk implements AsyncDisposable {
  readonly #spans = new InMemorySpanExporter();
  readonly #records = new InMemoryLogRecordExporter();
  readonly #reader = new ReaderOnDemand();

  constructor(parts: TelemetryParts = { traces: true, metrics: true, logs: true }) {
    if (parts.traces) {
      new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#spans)] }).register();
    }
    if (parts.metrics) metrics.setGlobalMeterProvider(new MeterProvider({ readers: [this.#reader] }));
    if (parts.logs) {
      const processors = [new SimpleLogRecordProcessor({ exporter: this.#records })];
      logs.setGlobalLoggerProvider(new LoggerProvider({ processors }));
    }
  }

  /** Ended spans, of one name or all. */
  spans(name?: string): ReadableSpan[] {
    return this.#spans.getFinishedSpans().filter((span) => name === undefined || span.name === name);
  }

  /** The first span of this name; waits for it. */
  async span(name: string): Promise<ReadableSpan> {
    await eventually(() => this.spans(name).length > 0);
    const [span] = this.spans(name);
    if (span === undefined) throw new Error("bug: it was there");
    return span;
  }

  records(event?: string): ReadableLogRecord[] {
    return this.#records.getFinishedLogRecords().filter((record) => event === undefined || record.eventName === event);
  }

  /** All metrics as they are now. */
  async metrics(): Promise<MetricData[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  }

  /** Values of one metric with the given attributes among theirs. */
  async points(name: string, attributes: Record<string, unknown> = {}): Promise<DataPoint<unknown>[]> {
    const metric = (await this.metrics()).find(({ descriptor }) => descriptor.name === name);
    const points: DataPoint<unknown>[] = metric === undefined ? [] : [...metric.dataPoints];
    return points.filter((point) =>
      Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
    );
  }

  /** Sum of the values of one metric with the given attributes among theirs. */
  async sum(name: string, attributes: Record<string, unknown> = {}): Promise<number> {
    const points = await this.points(name, attributes);
    return points.reduce((sum, { value }) => sum + (typeof value === "number" ? value : 0), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    trace.disable();
    context.disable();
    propagation.disable();
    metrics.disable();
    logs.disable();
    await this.#reader.shutdown();
  }
}
