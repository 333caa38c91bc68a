import { PACKAGE_VERSION } from "../base/package-version.js";
import type { ServiceFigures } from "../host/figures.js";
import { Durations } from "./durations.js";
import { EventLoopWatch } from "./event-loop.js";
import { METRICS, type MetricName, type MetricRow, Scope } from "./names.js";
import { type Observe, observeLoop, observeService } from "./observations.js";
import type { activeMeterProvider, Meter, Observable } from "./opentelemetry.js";

/** Whose numbers are read when somebody collects metrics. */
export interface FigureSource {
  figures(): ServiceFigures;
}

type MeterSource = NonNullable<ReturnType<typeof activeMeterProvider>>;

/** All metrics of one named service, at one meter provider. */
export class Meters {
  readonly durations: Durations;
  readonly #loop = new EventLoopWatch();
  readonly #detach: () => void;

  /** `source` is held weakly: a service that nobody holds any more takes its metrics with it. */
  constructor(provider: MeterSource, source: WeakRef<FigureSource>) {
    const meter = provider.getMeter(Scope.metrics, PACKAGE_VERSION);
    this.durations = new Durations(meter);
    this.#detach = attach(meter, source, this.#loop);
    this.#loop.open();
  }

  /** Stops the watch of the event loop. Counts can be collected still, so that the last ones are not lost. */
  close(): void {
    this.#loop.close();
  }

  /** For a provider that is not the application's any more. */
  detach(): void {
    this.close();
    this.#detach();
  }
}

/** Reads all numbers in one callback. It must not hold the service, since the provider holds the callback. */
function attach(meter: Meter, source: WeakRef<FigureSource>, loop: EventLoopWatch): () => void {
  const observables = new Map<MetricName, Observable>();
  for (const [name, row] of Object.entries(METRICS) as [MetricName, MetricRow][]) {
    if (row.kind !== "histogram") observables.set(name, createObservable(meter, name, row));
  }
  const all = [...observables.values()];
  const read: Parameters<Meter["addBatchObservableCallback"]>[0] = (result) => {
    const figures = source.deref()?.figures();
    if (figures === undefined) {
      // Later: the provider is going through its callbacks right now.
      queueMicrotask(detach);
      return;
    }
    const observe: Observe = (metric, value, attributes) => {
      const observable = observables.get(metric);
      if (observable !== undefined) result.observe(observable, value, attributes);
    };
    observeService(figures, observe);
    const delay = loop.take();
    if (delay !== undefined) observeLoop(delay, figures.service, observe);
  };
  const detach = (): void => meter.removeBatchObservableCallback(read, all);
  meter.addBatchObservableCallback(read, all);
  return detach;
}

function createObservable(meter: Meter, name: MetricName, { kind, unit, description }: MetricRow): Observable {
  const options = { unit, description };
  if (kind === "counter") return meter.createObservableCounter(name, options);
  if (kind === "updowncounter") return meter.createObservableUpDownCounter(name, options);
  return meter.createObservableGauge(name, options);
}
