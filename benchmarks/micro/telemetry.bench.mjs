// What telemetry adds to a call: nothing listens at all, nobody listens to our telemetry, and an OpenTelemetry SDK does.
// The SDK comes last and in a run of its own: from then on AsyncLocalStorage is on for the whole process.
//
//   npm run build && node benchmarks/micro/telemetry.bench.mjs
import { metrics } from "@opentelemetry/api";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { AlwaysOffSampler, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { bench, do_not_optimize, group, run, summary } from "mitata";
import { systemClock } from "../../dist/base/clock.js";
import { silentProbe } from "../../dist/base/probe.js";
import { ClientSession } from "../../dist/hub/client-session.js";
import { resolveHubOptions } from "../../dist/hub/options.js";
import { createHubProtocols, HubRuntime } from "../../dist/hub/runtime.js";
import { Hub } from "../../dist/index.js";
import { Telemetry } from "../../dist/telemetry/telemetry.js";

class BenchHub extends Hub {
  echo(text) {
    return text;
  }
  async asyncEcho(text) {
    return text;
  }
}

const nobody = { claims: [], isAuthenticated: false, get: () => undefined, getAll: () => [], isInRole: () => false };

/** A client whose answers are counted. */
async function connect(probe) {
  const options = resolveHubOptions();
  const runtime = new HubRuntime({
    hubClass: BenchHub,
    options,
    protocols: createHubProtocols(options),
    outlet: {},
    probe,
    clock: systemClock,
  });
  const client = { answers: 0, onAnswer: () => {} };
  const wire = {
    send: (payload) => {
      client.answers += 1;
      do_not_optimize(payload);
      client.onAnswer();
    },
    ready: () => undefined,
    close: () => {},
  };
  const identity = { connectionId: "client-1", userIdentifier: null, user: nobody };
  const session = new ClientSession({ runtime, identity, wire, isMigrated: false, onGone: () => {} });
  session.receive(Buffer.from('{"protocol":"json","version":1}\u001e'));
  while (session.state !== "open") await new Promise((resolve) => setImmediate(resolve));
  return { client, session };
}

const call = { type: 1, invocationId: "1", target: "echo", arguments: ["hello world, this is a message"] };
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const record = (message) => Buffer.from(`${JSON.stringify(message)}\u001e`);
const plain = record(call);
const traced = record({ ...call, headers: { traceparent } });
const asynchronous = record({ ...call, target: "asyncEcho" });

const once =
  ({ session, client }, bytes) =>
  () => {
    session.receive(bytes);
    do_not_optimize(client.answers);
  };
const answered =
  ({ session, client }, bytes) =>
  () =>
    new Promise((resolve) => {
      client.onAnswer = resolve;
      session.receive(bytes);
    });

async function compare(title, probes) {
  const clients = [];
  for (const [name, probe] of probes) clients.push([name, await connect(probe)]);
  group(title, () => {
    summary(() => {
      for (const [name, client] of clients) {
        bench(`${name}: a value`, once(client, plain));
        bench(`${name}: a promise`, answered(client, asynchronous));
        bench(`${name}: a value, with traceparent`, once(client, traced));
      }
    });
  });
}

class ReaderOnDemand extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

const figures = { service: "signalr", hubs: [], pendingAcks: 0, ackTimeouts: 0, negotiations: new Map() };

function telemetry() {
  const probe = new Telemetry();
  probe.watch({ figures: () => figures });
  return probe;
}

await compare("without an SDK", [
  ["no telemetry", silentProbe],
  ["telemetry", telemetry()],
]);
await run();

console.log("\nwith an SDK\n");
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [new ReaderOnDemand()] }));
const durations = telemetry();
const nowhere = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} };
const sampled = new NodeTracerProvider({ sampler: new AlwaysOffSampler() });
sampled.register();
const unsampled = telemetry();
const { trace } = await import("@opentelemetry/api");
trace.disable();
new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(nowhere)] }).register();
await compare("with an SDK", [
  ["no telemetry", silentProbe],
  ["durations", durations],
  ["durations, spans that are sampled away", unsampled],
  ["durations and spans", telemetry()],
]);
await run();
process.exit();
