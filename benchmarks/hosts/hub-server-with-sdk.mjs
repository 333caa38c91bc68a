// The hub server of hub-server.mjs, in an application that runs an OpenTelemetry SDK: BENCH_SDK names its parts.
import { metrics } from "@opentelemetry/api";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

class ReaderOnDemand extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

const parts = (process.env.BENCH_SDK ?? "").split(",");
if (parts.includes("metrics")) {
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [new ReaderOnDemand()] }));
}
if (parts.includes("traces") || parts.includes("samples")) {
  const nowhere = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} };
  const sampler = parts.includes("samples")
    ? { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) }) }
    : {};
  new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(nowhere)], ...sampler }).register();
}
await import("./hub-server.mjs");
