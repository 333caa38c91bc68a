// What a call costs in the hub runtime alone: from the bytes of the record to the bytes of the answer, without sockets.
//
//   npm run build && node benchmarks/micro/dispatcher.bench.mjs
import { bench, do_not_optimize, group, run, summary } from "mitata";
import { systemClock } from "../../dist/base/clock.js";
import { silentProbe } from "../../dist/base/probe.js";
import { ClientSession } from "../../dist/hub/client-session.js";
import { resolveHubOptions } from "../../dist/hub/options.js";
import { createHubProtocols, HubRuntime } from "../../dist/hub/runtime.js";
import { Hub } from "../../dist/index.js";

class BenchHub extends Hub {
  echo(text) {
    return text;
  }
  async asyncEcho(text) {
    return text;
  }
  fail() {
    throw new Error("no");
  }
}

const nowhere = {
  send: () => undefined,
  addToGroup: async () => {},
  removeFromGroup: async () => {},
  invoke: async () => undefined,
  invocationCompleted: () => {},
};
const anonymous = (connectionId) => ({
  connectionId,
  userIdentifier: null,
  user: { claims: [], isAuthenticated: false, get: () => undefined, getAll: () => [], isInRole: () => false },
  httpContext: { path: "/bench", query: new URLSearchParams(), headers: new Headers(), culture: undefined },
});

/** A client whose answers are counted. */
async function connect(options = {}) {
  const resolved = resolveHubOptions(options);
  const protocols = createHubProtocols(resolved);
  const runtime = new HubRuntime({
    hubClass: BenchHub,
    options: resolved,
    protocols,
    outlet: nowhere,
    probe: silentProbe,
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
  const session = new ClientSession({
    runtime,
    identity: anonymous("client-1"),
    wire,
    isMigrated: false,
    onGone: () => {},
  });
  session.receive(Buffer.from('{"protocol":"json","version":1}\u001e'));
  while (session.state !== "open") await new Promise((resolve) => setImmediate(resolve));
  return { client, session };
}

const record = (target, args) =>
  Buffer.from(`${JSON.stringify({ type: 1, invocationId: "1", target, arguments: args })}\u001e`);
const passOn = { invoke: (_invocation, next) => next() };
const plain = await connect();
const filtered = await connect({ filters: [passOn] });
const text = "hello world, this is a message";

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

group("a call and its answer", () => {
  summary(() => {
    bench("method that returns a value", once(plain, record("echo", [text]))).baseline();
    bench("unknown method", once(plain, record("nobody", [text])));
    bench("too many arguments", once(plain, record("echo", [text, 1, 2, 3])));
    bench("method that throws", once(plain, record("fail", [])));
    bench("text of 30 kB", once(plain, record("echo", ["x".repeat(30_000)])));
    bench("100 calls in one piece", once(plain, Buffer.concat(Array(100).fill(record("echo", [text])))));
  });
  summary(() => {
    bench("method that returns a promise", answered(plain, record("asyncEcho", [text]))).baseline();
    bench("a value, through a filter", answered(filtered, record("echo", [text])));
    bench("a promise, through a filter", answered(filtered, record("asyncEcho", [text])));
  });
});

await run();
