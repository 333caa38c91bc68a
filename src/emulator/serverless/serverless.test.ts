import { createHmac } from "node:crypto";
import { HttpTransportType, HubConnectionState } from "@microsoft/signalr";
import { decode, encode } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  JSON_HANDSHAKE,
  jsonPayload,
  RawClient,
  RECORD_END,
  ScriptedServer,
} from "../../../test/support/emulator-peers.js";
import { closeOf, failureOf } from "../../../test/support/hub-server.js";
import { ManualClock } from "../../../test/support/manual-clock.js";
import { eventually, turns } from "../../../test/support/polling.js";
import { RecordingProbe } from "../../../test/support/recording-probe.js";
import { type ServerlessOptions, serverlessClient } from "../../../test/support/serverless-clients.js";
import { Webhook, type WebhookRequest } from "../../../test/support/webhook.js";
import { ConnectionType } from "../../protocol/service/messages.js";
import { EMULATOR_DEFAULTS, type Emulator, type EmulatorOptions, startEmulator } from "../index.js";

let webhook: Webhook;
let emulator: Emulator;
let probe: RecordingProbe;

beforeEach(async () => {
  webhook = await Webhook.start();
  emulator = await start();
});

afterEach(async () => {
  await emulator.stop();
  await webhook[Symbol.asyncDispose]();
});

function start(options: EmulatorOptions = {}): Promise<Emulator> {
  probe = new RecordingProbe();
  return startEmulator({ port: 0, probe, upstream: [{ urlTemplate: `${webhook.url}/api/{hub}` }], ...options });
}

/** Another emulator than that of all tests. */
async function restart(options: EmulatorOptions): Promise<void> {
  await emulator.stop();
  emulator = await start(options);
}

async function connect(options: ServerlessOptions = {}) {
  const client = serverlessClient(emulator, options);
  await client.start();
  await webhook.next();
  return client;
}

const eventOf = ({ headers }: WebhookRequest) => headers["x-asrs-event"];
const idOf = ({ body, headers }: WebhookRequest): string =>
  headers["content-type"] === "application/json"
    ? (JSON.parse(body.toString()) as { invocationId: string }).invocationId
    : ((decode(body) as unknown[])[2] as string);

/** A MessagePack hub message with its length in front; short ones only. */
function framed(message: unknown): Buffer {
  const body = encode(message);
  return Buffer.concat([Buffer.from([body.length]), body]);
}

/** What a receiver answers so that the client's call returns this. */
const completion = (request: WebhookRequest, result: unknown): Buffer =>
  request.headers["content-type"] === "application/json"
    ? Buffer.from(`${JSON.stringify({ type: 3, invocationId: idOf(request), result })}${RECORD_END}`)
    : framed([3, {}, idOf(request), 3, result]);

const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;

describe("a client of a hub without servers", () => {
  test.each([
    ["JSON over websockets", "json", WebSockets],
    ["MessagePack over websockets", "messagepack", WebSockets],
    ["JSON over server-sent events", "json", ServerSentEvents],
    ["MessagePack over long polling", "messagepack", LongPolling],
  ] as const)("is told to the webhook from its start to its end: %s", async (_name, protocol, transport) => {
    webhook.answer = (request, response) => {
      response.end(eventOf(request) === "echo" ? completion(request, { got: ["x", 2 ** 40] }) : undefined);
    };
    const client = await connect({ protocol, transport, user: "ann" });
    expect(await client.invoke("echo", "x", 2 ** 40)).toEqual({ got: ["x", 2 ** 40] });
    await client.send("note", 1);
    await client.stop();
    await eventually(() => webhook.requests.length === 4);
    expect(webhook.events).toEqual([
      "connections/connected",
      "messages/echo",
      "messages/note",
      "connections/disconnected",
    ]);
    expect(emulator.clients()).toEqual([]);
  });

  test("is in the emulator's lists, without a server", async () => {
    const client = await connect({ user: "ann" });
    expect(emulator.clients()).toMatchObject([{ userId: "ann", hub: "chat", serverId: undefined, protocol: "json" }]);
    expect(emulator.hubs()).toMatchObject([{ name: "chat", servers: [], clients: 1, users: 1 }]);
    await client.stop();
  });

  test.each([
    ['{"protocol":"xyz","version":1}', "The protocol 'xyz' is not supported."],
    ['{"protocol":"json","version":9}', "The server does not support version 9 of the 'json' protocol."],
  ])("is refused in words for the handshake %s", async (request, error) => {
    const client = await RawClient.connect(emulator, { shakesHands: false });
    client.send(request + RECORD_END);
    const answer = await client.next();
    // Clients of protocols that nobody knows are sent binary messages.
    const text = answer.startsWith("{") ? answer : Buffer.from(answer, "hex").toString();
    expect(text).toBe(JSON.stringify({ error }) + RECORD_END);
    expect(await client.closed).toBe(1000);
    expect(webhook.requests).toEqual([]);
  });

  test("may send its first call together with its handshake", async () => {
    const client = await RawClient.connect(emulator, { shakesHands: false });
    client.send(`${JSON_HANDSHAKE}{"type":1,"target":"early","arguments":[]}${RECORD_END}`);
    await eventually(() => webhook.requests.length === 2);
    expect(webhook.events).toEqual(["connections/connected", "messages/early"]);
    await client.close();
  });

  test("is closed in words when it does not keep to the protocol", async () => {
    const client = await RawClient.connect(emulator);
    client.send(`{"type":1,"arguments":[]}${RECORD_END}`);
    expect(await client.next()).toBe(`{"type":7,"error":"Connection closed with an error."}${RECORD_END}`);
    await eventually(() => webhook.requests.length === 2);
    expect(JSON.parse(webhook.requests[1]?.body.toString() ?? "")).toEqual({
      type: 11,
      error: "Missing required property 'target'.",
    });
  });

  test("may leave with a close message", async () => {
    const client = await RawClient.connect(emulator);
    client.send(`{"type":7}${RECORD_END}`);
    expect(await client.closed).toBe(1000);
    await eventually(() => webhook.requests.length === 2);
    expect(webhook.requests[1]?.body.toString()).toBe('{"type":11}');
  });
});

describe("an upstream request", () => {
  test("is a POST with all that the receiver has to know", async () => {
    const client = await connect({
      user: "änn, the first\r\nX-Evil: 1",
      claims: [
        ["nameid", "ann-id"],
        ["role", "admin"],
        ["role", "guest"],
        ["asrs.u.iss", "her own"],
      ],
      query: "room=1&id=the-apps-own",
    });
    await client.send("say it", "x");
    const [connected, said] = [webhook.requests[0], await webhook.next()];
    const [connection] = emulator.clients();
    const signature = createHmac("sha256", EMULATOR_DEFAULTS.accessKey).update(connection?.connectionId ?? "");
    expect([connected?.method, connected?.path]).toEqual(["POST", "/api/chat"]);
    const common = {
      "x-asrs-connection-id": connection?.connectionId,
      "x-asrs-hub": "chat",
      "x-asrs-signature": `sha256=${signature.digest("hex")}`,
      "x-asrs-user-claims":
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier: ann-id, " +
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/role: admin, " +
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/role: guest, iss: her own",
      "x-asrs-client-query": "?hub=chat&room=1&id=the-apps-own",
      "content-type": "application/json",
    };
    expect(connected?.headers).toMatchObject({
      ...common,
      "x-asrs-category": "connections",
      "x-asrs-event": "connected",
    });
    expect(connected?.headers["x-evil"]).toBeUndefined();
    // Node reads headers as Latin-1; the bytes are UTF-8.
    const user = Buffer.from(String(connected?.headers["x-asrs-user-id"]), "latin1").toString("utf8");
    expect(user).toBe("änn, the first  X-Evil: 1");
    expect(connected?.body.toString()).toBe('{"type":10}');
    expect(said.headers).toMatchObject({ ...common, "x-asrs-category": "messages", "x-asrs-event": "say it" });
    expect(JSON.parse(said.body.toString())).toEqual({ type: 1, target: "say it", arguments: ["x"] });
    await client.stop();
    const gone = await webhook.next();
    expect(gone.headers).toMatchObject({ ...common, "x-asrs-event": "disconnected" });
    expect(gone.body.toString()).toBe('{"type":11}');
  });

  test("leaves out what an anonymous client does not have", async () => {
    await RawClient.connect(emulator);
    const { headers } = await webhook.next();
    expect(Object.keys(headers).filter((name) => name.startsWith("x-asrs-user"))).toEqual([]);
  });

  test("carries the call of a MessagePack client without its length", async () => {
    const client = await connect({ protocol: "messagepack" });
    const pending = client.invoke("add", 1, new Uint8Array([7]));
    const request = await webhook.next();
    expect(request.headers["content-type"]).toBe("application/x-msgpack");
    expect(decode(new Uint8Array(request.body))).toEqual([1, {}, "0", "add", [1, new Uint8Array([7])], []]);
    await pending;
    await client.stop();
  });

  test("follows the first template that fits, with the names escaped", async () => {
    emulator.setUpstream([
      { urlTemplate: `${webhook.url}/none`, hubPattern: null },
      { urlTemplate: `${webhook.url}/other-hub`, hubPattern: "chat2, Chat3" },
      { urlTemplate: `${webhook.url}/in`, categoryPattern: "connections", eventPattern: "connected" },
      { urlTemplate: `${webhook.url}/m/{hub}/{category}/{event}?e={event}&{Event}`, eventPattern: "a b, c/d?e" },
      { urlTemplate: `${webhook.url}/rest`, categoryPattern: "messages", eventPattern: "x,*" },
    ]);
    const client = await connect({ hub: "Chat" });
    await client.send("c/d?e");
    await client.send("A b");
    await eventually(() => webhook.requests.length === 3);
    expect(webhook.requests.map(({ path }) => path)).toEqual([
      "/in",
      "/m/Chat/messages/c%2Fd%3Fe?e=c%2Fd%3Fe&{Event}",
      "/rest",
    ]);
    expect(webhook.requests[0]?.headers["x-asrs-hub"]).toBe("Chat");
    await client.stop();
    await turns();
    // Nobody wants to hear of its end.
    expect(webhook.requests).toHaveLength(3);
  });

  test("does not overlap with another of the same client, and keeps their order", async () => {
    const client = await connect();
    let open = 0;
    let most = 0;
    webhook.answer = (_request, response) => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        response.end();
      });
    };
    for (let index = 0; index < 20; index += 1) void client.send(`call-${index}`);
    await client.stop();
    await eventually(() => webhook.requests.length === 22);
    expect(webhook.requests.slice(1, -1).map(eventOf)).toEqual(Array.from({ length: 20 }, (_, n) => `call-${n}`));
    expect(webhook.events.at(-1)).toBe("connections/disconnected");
    expect(most).toBe(1);
  });

  test("keeps a client waiting that sends faster than it is answered, and loses nothing", async () => {
    const client = await RawClient.connect(emulator);
    await webhook.next();
    const held: Array<() => void> = [];
    webhook.answer = (_request, response) => void held.push(() => response.end());
    const call = JSON.stringify({ type: 1, target: "bulk", arguments: ["x".repeat(400_000)] }) + RECORD_END;
    for (let index = 0; index < 30; index += 1) client.send(call);
    await eventually(() => held.length === 1);
    await turns();
    // 12 MB do not fit into the sockets between.
    expect(client.socket.bufferedAmount).toBeGreaterThan(0);
    webhook.answer = (_request, response) => void response.end();
    held[0]?.();
    await eventually(() => webhook.requests.length === 31);
    expect(client.socket.readyState).toBe(1);
  });
});

describe("the answer of an upstream", () => {
  /** What the client's call ends with when the upstream answers like this. */
  async function callAnswered(answer: Webhook["answer"], options: ServerlessOptions = {}): Promise<unknown> {
    const client = await connect(options);
    webhook.answer = answer;
    return await client.invoke("call").catch(({ message }: Error) => `error: ${message}`);
  }

  test.each([
    ["200 without a body", 200],
    ["204", 204],
  ])("%s ends the call without a result", async (_name, status) => {
    expect(await callAnswered((_request, response) => void response.writeHead(status).end())).toBeUndefined();
  });

  test("is passed on as it is, whatever its content type says", async () => {
    const result = await callAnswered((request, response) => {
      response.writeHead(200, { "Content-Type": "text/plain" }).end(completion(request, "fine"));
    });
    expect(result).toBe("fine");
  });

  test("may be an error of the receiver's own", async () => {
    const result = await callAnswered(
      (request, response) => void response.end(framed([3, {}, idOf(request), 1, "not you"])),
      { protocol: "messagepack" },
    );
    expect(result).toBe("error: not you");
  });

  test.each([400, 302, 500])("%i is an error for the caller", async (status) => {
    const result = await callAnswered((_request, response) => void response.writeHead(status).end("details"));
    expect(result).toBe(`error: Invocation failed, status code ${status}`);
    expect(probe.records.map(({ message }) => message).join()).toContain(`answered with ${status}`);
  });

  test("that breaks off is an error for the caller", async () => {
    const result = await callAnswered((_request, response) => {
      response.writeHead(200, { "Content-Length": "100" });
      response.write("half of");
      setImmediate(() => response.destroy());
    });
    expect(result).toBe("error: Invocation failed, error: aborted");
  });

  test("that is too large is an error for the caller", async () => {
    await restart({ maxUpstreamResponseBytes: 1000 });
    const result = await callAnswered((_request, response) => void response.end("x".repeat(1001)));
    expect(result).toBe("error: Invocation failed, response too large.");
  });

  test("that does not come in time is an error for the caller", async () => {
    await restart({ upstreamTimeout: 100 });
    const result = await callAnswered(() => {});
    expect(result).toBe("error: Invocation failed, status code 500");
  });

  test.each([
    ["json", "JSON without its end", Buffer.from('{"type":3,"invocationId":"0"}')],
    ["json", "a page", Buffer.from("<html>")],
    ["messagepack", "JSON for a MessagePack client", Buffer.from(`{"type":3,"invocationId":"0"}${RECORD_END}`)],
  ] as const)("that a %s client could not read is an error for the caller: %s", async (protocol, _name, body) => {
    const client = await connect({ protocol });
    webhook.answer = (_request, response) => void response.end(body);
    expect(await failureOf(client.invoke("call"))).toBe(
      `Invocation failed, error: The answer to 'call' is no hub message in the client's protocol (${protocol}), with its framing.`,
    );
    expect(client.state).toBe(HubConnectionState.Connected);
    await client.stop();
  });

  test("is an error when nobody listens there", async () => {
    const client = await connect();
    const { port } = new URL(webhook.url);
    await webhook[Symbol.asyncDispose]();
    expect(await failureOf(client.invoke("call"))).toBe("Invocation failed, status code 500");
    expect(probe.records.map(({ message }) => message).join()).toContain(`http://127.0.0.1:${port}/api/chat`);
    webhook = await Webhook.start();
  });

  test("goes nowhere for a client that only sends", async () => {
    const client = await RawClient.connect(emulator);
    await webhook.next();
    webhook.answer = (_request, response) => void response.writeHead(500).end();
    client.send(`{"type":1,"target":"note","arguments":[]}${RECORD_END}`);
    await webhook.next();
    webhook.answer = (_request, response) => void response.end();
    client.send(`{"type":1,"invocationId":"7","target":"ask","arguments":[]}${RECORD_END}`);
    expect(await client.next()).toBe(`{"type":3,"invocationId":"7"}${RECORD_END}`);
    await client.close();
  });
});

describe("without an upstream", () => {
  test("a client that calls is told so and closed, as by the service", async () => {
    await restart({ upstream: [] });
    const client = serverlessClient(emulator);
    await client.start();
    const closed = closeOf(client);
    expect(await failureOf(client.invoke("call"))).toContain(
      "Hub 'chat' has neither a server nor an upstream, so clients cannot call anything.",
    );
    await closed;
  });

  test("for this call, the caller hears it at once", async () => {
    await restart({ upstream: [{ urlTemplate: webhook.url, categoryPattern: "connections" }] });
    const client = await connect();
    expect(await failureOf(client.invoke("call"))).toBe(
      "Invocation failed, error: No upstream is set for 'call' of hub 'chat'.",
    );
    await client.stop();
  });
});

describe("the mode of a hub", () => {
  test("is that of the emulator, if it was told", async () => {
    await restart({ mode: "default" });
    await expect(serverlessClient(emulator).start()).rejects.toThrow("No server is connected to hub 'chat'.");
    await restart({ mode: "serverless" });
    await expect(ScriptedServer.connect(emulator)).rejects.toThrow("Unexpected server response: 404");
    const client = await connect();
    await client.stop();
  });

  test("is chosen by what connects, and clients keep theirs", async () => {
    const before = await connect();
    const server = await ScriptedServer.connect(emulator);
    const after = await RawClient.connect(emulator);
    await server.next("openConnection");
    await before.send("still mine");
    expect(eventOf(await webhook.next())).toBe("still mine");
    expect(emulator.clients().map(({ serverId }) => serverId)).toEqual([undefined, "server-a"]);
    await Promise.all([before.stop(), after.close()]);
  });

  test("is not changed by a server that only sends, whose sends and calls reach Serverless clients", async () => {
    const sender = await ScriptedServer.connect(emulator, { connectionType: ConnectionType.Weak });
    const client = await RawClient.connect(emulator);
    sender.send({ kind: "broadcastData", excludedList: [], payloads: jsonPayload({ type: 6 }) });
    expect(await client.next()).toBe(`{"type":6}${RECORD_END}`);
    const [{ connectionId = "" } = {}] = emulator.clients();
    const call = { invocationId: "call-1", connectionId, callerServerId: "server-a" };
    const payloads = jsonPayload({ type: 1, invocationId: "call-1", target: "ask", arguments: [] });
    sender.send({ kind: "clientInvocation", ...call, payloads });
    await client.next();
    const answer = `{"type":3,"invocationId":"call-1","result":7}${RECORD_END}`;
    client.send(answer);
    const completed = await sender.next("clientCompletion");
    expect(completed).toMatchObject({ ...call, protocol: "json" });
    expect(Buffer.from(completed.payload).toString()).toBe(answer);
    await Promise.all([client.close(), sender.close()]);
  });

  test.each([
    [undefined, "must be one of default, serverless, both"],
    ["Default", 'got "Default"'],
  ])("%j is refused", async (mode, text) => {
    const options = mode === undefined ? { mode: "" } : { mode };
    await expect(startEmulator({ port: 0, ...options } as EmulatorOptions)).rejects.toThrow(text);
  });
});

describe("signs of life", () => {
  const pong = ({ socket }: RawClient) =>
    new Promise((resolve) => {
      socket.once("pong", resolve);
      socket.ping();
    });
  const PING = `{"type":6}${RECORD_END}`;

  test("go to the client, and are missed when it had begun to give some", async () => {
    const clock = new ManualClock(Date.now());
    await restart({ clock });
    const [pinging, silent] = [
      await RawClient.connect(emulator, { clock }),
      await RawClient.connect(emulator, { clock }),
    ];
    pinging.send(PING);
    pinging.send(`{"type":1,"invocationId":"1","target":"x","arguments":[]}${RECORD_END}`);
    expect(await pinging.next()).toBe(`{"type":3,"invocationId":"1"}${RECORD_END}`);
    clock.advance(15_000);
    expect([await pinging.next(), await silent.next()]).toEqual([PING, PING]);
    // The client's library has answered the websocket's own ping; what comes back to a second one comes after that.
    await Promise.all([pinging, silent].map(pong));
    clock.advance(15_000);
    expect(await pinging.next()).toBe(
      `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}${RECORD_END}`,
    );
    expect(await silent.next()).toBe(PING);
    await silent.close();
  });
});
