import type { Instruments } from "../base/instruments.js";
import type { LogLevel, LogRecord, Probe } from "../base/probe.js";
import { tapAzureLogs } from "./azure-logger.js";
import { createLogProbe, type Logger, openTelemetryLogs, writeToLogger } from "./logs.js";
import { type FigureSource, Meters } from "./meters.js";
import { activeMeterProvider, activeTracerProvider } from "./opentelemetry.js";
import { Recorder } from "./recorder.js";

/** What is told to OpenTelemetry beyond the ordinary. */
export interface TelemetryOptions {
  /** Whether each message to clients has a span of its own; there may be very many. @default false */
  readonly sendSpans?: boolean;
}

export interface TelemetryInput {
  /** The application's own logger. */
  readonly logger?: Logger | undefined;
  readonly options?: TelemetryOptions | undefined;
  /** Milliseconds since some fixed moment. @default performance.now */
  readonly now?: () => number;
}

/**
 * The probe of one named service: writes logs, and turns what the lower floors tell into spans and metrics while the
 * application runs an OpenTelemetry SDK. It may start one at any time; within a second it is noticed.
 */
export class Telemetry implements Probe {
  readonly #logs: Probe;
  readonly #input: TelemetryInput;
  readonly #untap: Array<() => void> = [];
  #source: WeakRef<FigureSource> | undefined;
  #instruments: Instruments | undefined;
  #tracers: ReturnType<typeof activeTracerProvider>;
  #meterProvider: ReturnType<typeof activeMeterProvider>;
  #meters: Meters | undefined;
  #isClosed = false;

  constructor(input: TelemetryInput = {}) {
    const { logger } = input;
    this.#input = input;
    this.#logs = createLogProbe(logger);
    if (logger !== undefined) this.#untap.push(tapAzureLogs(logger, (record) => writeToLogger(logger, record)));
    this.#untap.push(tapAzureLogs(openTelemetryLogs, (record) => openTelemetryLogs.write(record)));
    this.refresh();
  }

  get instruments(): Instruments | undefined {
    return this.#instruments;
  }

  isEnabled(level: LogLevel): boolean {
    return this.#logs.isEnabled(level);
  }

  log(record: LogRecord): void {
    this.#logs.log(record);
  }

  /** Tells whose numbers are metrics. Not held: a service that nobody holds any more has no metrics. */
  watch(source: FigureSource): void {
    this.#source = new WeakRef(source);
    this.refresh();
  }

  refresh(): void {
    if (this.#isClosed) return;
    const tracers = activeTracerProvider();
    const meterProvider = this.#source === undefined ? undefined : activeMeterProvider();
    if (tracers === this.#tracers && meterProvider === this.#meterProvider) return;
    this.#tracers = tracers;
    if (meterProvider !== this.#meterProvider) this.#measureWith(meterProvider);
    const { now = () => performance.now(), options } = this.#input;
    const isListened = tracers !== undefined || meterProvider !== undefined;
    this.#instruments = isListened
      ? new Recorder({ tracers, durations: this.#meters?.durations, now, recordsSends: options?.sendSpans ?? false })
      : undefined;
  }

  /** The service has stopped. Its counts can still be collected. */
  close(): void {
    this.#isClosed = true;
    this.#meters?.close();
    for (const untap of this.#untap.splice(0)) untap();
  }

  #measureWith(provider: ReturnType<typeof activeMeterProvider>): void {
    this.#meterProvider = provider;
    this.#meters?.detach();
    this.#meters = provider && this.#source && new Meters(provider, this.#source);
  }
}
