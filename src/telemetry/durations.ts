import { Attribute, METRICS } from "./names.js";
import type { Attributes, Context, Histogram, Meter } from "./opentelemetry.js";

const CALL = "rpc.server.call.duration";
const CONNECTION = "signalr.server.connection.duration";

/** The two distributions that must be recorded as they happen. */
export class Durations {
  readonly #calls: Histogram;
  readonly #connections: Histogram;

  constructor(meter: Meter) {
    this.#calls = histogram(meter, CALL);
    this.#connections = histogram(meter, CONNECTION);
  }

  recordCall(seconds: number, attributes: Attributes, context: Context): void {
    this.#calls.record(seconds, attributes, context);
  }

  recordConnection(seconds: number, hub: string, status: string): void {
    this.#connections.record(seconds, { [Attribute.hub]: hub, [Attribute.connectionStatus]: status });
  }
}

function histogram(meter: Meter, name: typeof CALL | typeof CONNECTION): Histogram {
  const { unit, description, buckets } = METRICS[name];
  return meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: [...buckets] } });
}
