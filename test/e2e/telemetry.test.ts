import { readFileSync } from "node:fs";
import { type HubConnection, JsonHubProtocol } from "@microsoft/signalr";
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { Hub, HubException } from "azure-signalr-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve } from "../support/http-client.js";
import { failureOf, HubServer } from "../support/hub-server.js";
import { eventually } from "../support/polling.js";
import { TelemetrySdk } from "../support/telemetry-sdk.js";

class WatchedHub extends Hub<{ news(text: string): void; confirm(question: string): boolean }> {
  static override readonly methods = {
    secret: {
      authorize: () => {
        activeAtPolicy = trace.getActiveSpan();
        return false;
      },
    },
  };

  override async onConnected() {
    if (this.context.httpContext.query.get("refuse") === "1") throw new Error("not today");
  }
  echo(text: string) {
    return text;
  }
  async work() {
    await Promise.resolve();
    trace.getTracer("app").startSpan("database query").end();
    return trace.getActiveSpan()?.spanContext().traceId;
  }
  async *count(to: number) {
    for (let number = 1; number <= to; number += 1) {
      trace.getTracer("app").startSpan(`row ${number}`).end();
      yield number;
    }
  }
  async *forever() {
    for (;;) {
      yield 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  fail() {
    throw new HubException("no");
  }
  async ask() {
    return this.clients.caller.invoke("confirm", "sure?");
  }
  async announce() {
    await this.clients.all.send("news", "hello");
  }
  secret() {}

  static gate: Promise<void> | undefined;
  async wait() {
    await WatchedHub.gate;
  }
}

class ClosedHub extends Hub {}

/** What was going on when a policy was asked, which comes before the call's own span. */
let activeAtPolicy: Span | undefined;
let sdk: TelemetrySdk;
let server: HubServer;
let client: HubConnection;

beforeAll(async () => {
  sdk = new TelemetrySdk();
  // As an app may do that starts its hubs inside of a span of its own.
  const startup = trace.getTracer("app").startSpan("startup");
  server = await context.with(trace.setSpan(context.active(), startup), () =>
    HubServer.start({
      hubs: { "/hub": WatchedHub, "/closed": [ClosedHub, { authorize: () => false }] },
      telemetry: { sendSpans: true },
      connectionCount: 2,
    }),
  );
  startup.end();
  client = await server.connect("/hub", { prepare: (made) => made.on("confirm", () => true) });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await sdk[Symbol.asyncDispose]();
});

const parentOf = (span: { readonly parentSpanContext?: { readonly spanId: string } }) => span.parentSpanContext?.spanId;

describe("spans", () => {
  test("a hub method has a server span, a root of its own that links to the client's connection", async () => {
    expect(await client.invoke("ECHO", "hi")).toBe("hi");
    const call = await sdk.span("WatchedHub/echo");
    const connected = await sdk.span("WatchedHub/OnConnected");
    expect(call.kind).toBe(SpanKind.SERVER);
    expect(call.attributes).toEqual({ "rpc.system": "signalr", "rpc.service": "WatchedHub", "rpc.method": "echo" });
    expect(call.status.code).toBe(SpanStatusCode.UNSET);
    expect(parentOf(call)).toBeUndefined();
    expect(call.links.map((link) => link.context.spanId)).toEqual([connected.spanContext().spanId]);
    expect(connected.kind).toBe(SpanKind.INTERNAL);
  });

  test("what the method does becomes a child, also after it has waited", async () => {
    const traceId = await client.invoke("work");
    const call = await sdk.span("WatchedHub/work");
    const query = await sdk.span("database query");
    expect(traceId).toBe(call.spanContext().traceId);
    expect(parentOf(query)).toBe(call.spanContext().spanId);
  });

  test("a stream's span ends with the stream, and each item's work is inside", async () => {
    const items: number[] = [];
    await new Promise<void>((resolve, reject) => {
      client
        .stream<number>("count", 3)
        .subscribe({ next: (item) => items.push(item), complete: resolve, error: reject });
    });
    const stream = await sdk.span("WatchedHub/count");
    expect(items).toEqual([1, 2, 3]);
    for (const number of items) {
      const row = await sdk.span(`row ${number}`);
      expect(parentOf(row)).toBe(stream.spanContext().spanId);
      expect(sdk.spans().indexOf(stream)).toBeGreaterThan(sdk.spans().indexOf(row));
    }
  });

  test("a cancelled stream did not fail", async () => {
    await new Promise<void>((resolve) => {
      const subscription = client.stream("forever").subscribe({
        next: () => {
          subscription.dispose();
          resolve();
        },
        complete: () => {},
        error: () => {},
      });
    });
    expect((await sdk.span("WatchedHub/forever")).status.code).toBe(SpanStatusCode.UNSET);
  });

  test("a failed method has the error's name and no text of it, and its log leads to the span", async () => {
    expect(await failureOf(client.invoke("fail"))).toContain("HubException: no");
    const call = await sdk.span("WatchedHub/fail");
    expect(call.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(call.attributes["error.type"]).toBe("HubException");
    expect(call.events).toEqual([]);
    const [record] = sdk.records("FailedInvokingHubMethod");
    expect(record?.spanContext?.spanId).toBe(call.spanContext().spanId);
    expect(record?.instrumentationScope.name).toBe("Microsoft.Azure.SignalR.HubDispatcher");
    expect(record?.attributes).toMatchObject({ "azure.signalr.event.id": 8, "exception.type": "HubException" });
  });

  test("calls that never reach a method have none", async () => {
    await failureOf(client.invoke("nothing"));
    await failureOf(client.invoke("secret"));
    await failureOf(client.invoke("echo"));
    await failureOf(client.invoke("count", 3));
    await client.invoke("echo", "last");
    expect(activeAtPolicy).toBeUndefined();
    expect(sdk.spans().map(({ name }) => name)).not.toContain("WatchedHub/secret");
    expect(sdk.spans("WatchedHub/echo")).toHaveLength(2);
  });

  test("sends and questions to clients are children of the call", async () => {
    expect(await client.invoke("ask")).toBe(true);
    await client.invoke("announce");
    const asked = await sdk.span("invoke confirm");
    const sent = await sdk.span("send news");
    expect(asked.kind).toBe(SpanKind.CLIENT);
    expect(parentOf(asked)).toBe((await sdk.span("WatchedHub/ask")).spanContext().spanId);
    expect(sent.kind).toBe(SpanKind.PRODUCER);
    expect(sent.attributes["azure.signalr.target"]).toBe("all");
    expect(parentOf(sent)).toBe((await sdk.span("WatchedHub/announce")).spanContext().spanId);
  });

  test("the span that the client names in its headers is the parent", async () => {
    const { withTraceContext } = await import("azure-signalr-server/client");
    const traced = await server.connect("/hub", {
      hubProtocol: withTraceContext(new JsonHubProtocol(), (headers) => propagation.inject(context.active(), headers)),
    });
    await trace.getTracer("app").startActiveSpan("click", async (span) => {
      const traceId = await traced.invoke("work");
      span.end();
      expect(traceId).toBe(span.spanContext().traceId);
    });
    const calls = sdk.spans("WatchedHub/work");
    expect(parentOf(calls[1] ?? {})).toBe((await sdk.span("click")).spanContext().spanId);
  });

  test("server connections have one each, until they are open", () => {
    const spans = sdk
      .spans("azure.signalr.connect")
      .filter(({ attributes }) => attributes["azure.signalr.hub"] === "watchedhub");
    expect(spans).toHaveLength(2);
    expect(spans[0]?.attributes).toMatchObject({ "server.address": "localhost" });
  });

  test("a refused onConnected has failed; a client that leaves has a span that links to its coming", async () => {
    await failureOf(server.connect("/hub?refuse=1").then((refused) => refused.invoke("echo", "x")));
    await eventually(() =>
      sdk.spans("WatchedHub/OnConnected").some(({ status }) => status.code === SpanStatusCode.ERROR),
    );
    const leaving = await server.connect("/hub");
    await leaving.stop();
    const left = await sdk.span("WatchedHub/OnDisconnected");
    const comings = sdk.spans("WatchedHub/OnConnected").map((span) => span.spanContext().spanId);
    expect(comings).toContain(left.links[0]?.context.spanId);
  });
});

describe("metrics", () => {
  test("calls are timed by method and error, unknown methods under one name", async () => {
    const count = async (attributes: Record<string, string>) => {
      const points = await sdk.points("rpc.server.call.duration", { "rpc.service": "WatchedHub", ...attributes });
      return points.map(({ value }) => (value as { readonly count: number }).count);
    };
    expect(await count({ "rpc.method": "_OTHER", "error.type": "unknown_method" })).toEqual([1]);
    expect(await count({ "rpc.method": "WatchedHub/echo", "error.type": "invalid_arguments" })).toEqual([1]);
    expect(await count({ "rpc.method": "WatchedHub/secret", "error.type": "unauthorized" })).toEqual([1]);
    expect(await count({ "rpc.method": "WatchedHub/count", "error.type": "wrong_kind" })).toEqual([1]);
    expect(await count({ "rpc.method": "WatchedHub/fail", "error.type": "HubException" })).toEqual([1]);
    const [echo] = await sdk.points("rpc.server.call.duration", { "rpc.method": "WatchedHub/echo" });
    expect(echo?.attributes).not.toHaveProperty("error.type");
  });

  test("clients are counted while they are here, and timed when they go", async () => {
    const active = () => sdk.sum("signalr.server.active_connections", { "azure.signalr.hub": "watchedhub" });
    const before = await active();
    const guest = await server.connect("/hub");
    expect(await active()).toBe(before + 1);
    await guest.stop();
    await expect.poll(active).toBe(before);
    const [ended] = await sdk.points("signalr.server.connection.duration", {
      "signalr.connection.status": "normal_closure",
    });
    expect(ended?.value).toMatchObject({ count: expect.any(Number) });
  });

  test("calls that run or wait are counted up and down", async () => {
    expect(await sdk.sum("azure.signalr.invocations.active")).toBe(0);
    let open: () => void = () => {};
    WatchedHub.gate = new Promise((resolve) => {
      open = resolve;
    });
    const calls = [client.invoke("wait"), client.invoke("wait"), client.invoke("wait")];
    await expect.poll(() => sdk.sum("azure.signalr.invocations.queued")).toBe(2);
    expect(await sdk.sum("azure.signalr.invocations.active")).toBe(1);
    open();
    await Promise.all(calls);
    expect(await sdk.sum("azure.signalr.invocations.active")).toBe(0);
    expect(await sdk.sum("azure.signalr.invocations.queued")).toBe(0);
  });

  test("messages and bytes are counted by direction and kind", async () => {
    const traffic = { "network.io.direction": "receive", "azure.signalr.message.kind": "connectionData" };
    const [messages, bytes] = [
      await sdk.sum("azure.signalr.messages", traffic),
      await sdk.sum("azure.signalr.io", traffic),
    ];
    await client.invoke("echo", "x".repeat(1000));
    expect(await sdk.sum("azure.signalr.messages", traffic)).toBe(messages + 1);
    expect(await sdk.sum("azure.signalr.io", traffic)).toBeGreaterThan(bytes + 1000);
  });

  test("a lost server connection is counted, and so is its successor", async () => {
    const hub = { "azure.signalr.hub": "watchedhub" };
    const open = () =>
      sdk.sum("azure.signalr.server_connections", { ...hub, "azure.signalr.server_connection.state": "open" });
    expect(await open()).toBe(2);
    server.emulator.dropServerConnections("watchedhub");
    await expect.poll(() => sdk.sum("azure.signalr.server_connection.reconnects", hub), { timeout: 8000 }).toBe(2);
    expect(await open()).toBe(2);
    const lost = await sdk.points("azure.signalr.server_connection.failures");
    expect(lost.map(({ value, attributes }) => [attributes["error.type"], value])).toEqual([["CONNECTION_LOST", 2]]);
    expect(sdk.records("ConnectionDropped")[0]).toMatchObject({ severityText: "INFO" });
  });

  test("negotiate requests are counted by their result, which the app's own span tells too", async () => {
    // As an instrumentation of HTTP would do it, around the whole request.
    await using watched = await serve((req, res) =>
      trace.getTracer("http").startActiveSpan("request", (span) => {
        res.on("close", () => span.end());
        server.hubs(req, res);
      }),
    );
    expect(await watched.ask("/hub/negotiate")).toMatchObject({ status: 200 });
    expect(await watched.ask("/closed/negotiate")).toMatchObject({ status: 401 });
    await eventually(() => sdk.spans("request").length === 2);
    expect(await sdk.sum("azure.signalr.negotiations", { "azure.signalr.negotiate.result": "UNAUTHORIZED" })).toBe(1);
    expect(await sdk.sum("azure.signalr.negotiations", { "azure.signalr.negotiate.result": "ok" })).toBeGreaterThan(2);
    const requests = sdk.spans("request").map(({ attributes }) => attributes);
    expect(requests.at(-1)).toMatchObject({ "azure.signalr.negotiate.result": "UNAUTHORIZED" });
    expect(requests[0]).toMatchObject({ "azure.signalr.negotiate.result": "ok", "azure.signalr.hub": "watchedhub" });
  });
});

describe("the reference", () => {
  const page = readFileSync(new URL("../../docs/reference/telemetry.md", import.meta.url), "utf8");
  const rowsOf = (heading: string): string[][] =>
    (page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^[| ]+|[| ]+$/g, "")));
  const plain = (cell = ""): string => cell.replaceAll("`", "");

  test("lists every span and attribute of this run, and none that there is not", () => {
    const general = sdk
      .spans()
      .filter(({ instrumentationScope }) => instrumentationScope.name.startsWith("Azure.SignalR."))
      .map(({ name, attributes }) => ({
        name: name
          .replace("WatchedHub/On", "<Hub>/On")
          .replace(/^WatchedHub\/.*/, "<Hub>/<method>")
          .replace(/^(send|invoke) .*/, "$1 <method>"),
        attributes: Object.keys(attributes),
      }));
    const rows = rowsOf("Spans").map((cells) => plain(cells[0]));
    const names = rows.filter((row) => row.includes("<") || row === "azure.signalr.connect");
    expect([...new Set(general.map(({ name }) => name))].sort()).toEqual([...names].sort());
    const attributes = rows.filter((row) => !names.includes(row)).flatMap((row) => row.split(", "));
    expect([...new Set(general.flatMap((span) => span.attributes))].sort()).toEqual([...attributes].sort());
  });

  test("lists every metric of this run with its unit and attributes, and none that there is not", async () => {
    const short: Record<string, string> = {
      "azure.signalr.service": "service",
      "azure.signalr.hub": "hub",
      "azure.signalr.endpoint": "endpoint",
    };
    const told = (await sdk.metrics()).map(({ descriptor, dataPoints }) => {
      const keys = new Set(dataPoints.flatMap(({ attributes }) => Object.keys(attributes)));
      const isHistogram = dataPoints.some(({ value }) => typeof value === "object");
      return [
        descriptor.name,
        descriptor.unit,
        [...keys].map((key) => (isHistogram ? key : (short[key] ?? key))).sort(),
      ];
    });
    const written = rowsOf("Metrics").map(([name, , unit, attributes]) => [
      plain(name),
      plain(unit),
      plain(attributes).split(", ").sort(),
    ]);
    expect(told.sort()).toEqual(written.sort());
  });

  test("has the sentences that this run has written", () => {
    const rows = new Map(
      rowsOf("Logs").map(([category, event, , , text]) => [`${plain(category)} ${plain(event)}`, text]),
    );
    const records = sdk.records();
    expect(records.length).toBeGreaterThan(5);
    for (const record of records) {
      const template = rows.get(`${record.instrumentationScope.name} ${record.eventName}`) ?? "is not listed";
      const [start = ""] = template.split("{");
      expect(String(record.body)).toContain(start);
    }
  });
});
