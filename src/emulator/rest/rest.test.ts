import { HttpTransportType, type HubConnection } from "@microsoft/signalr";
import { encode } from "@msgpack/msgpack";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  connectPair,
  endpointOf,
  RawClient,
  RECORD_END,
  ScriptedServer,
  tokensOf,
} from "../../../test/support/emulator-peers.js";
import { closeOf, Inbox } from "../../../test/support/hub-server.js";
import { eventually } from "../../../test/support/polling.js";
import { RestCaller } from "../../../test/support/rest-caller.js";
import { type ServerlessOptions, serverlessClient } from "../../../test/support/serverless-clients.js";
import { createJsonHubProtocol } from "../../protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../../protocol/hub/messagepack.js";
import type { HubMessage } from "../../protocol/hub/messages.js";
import { EMULATOR_DEFAULTS, type Emulator, startEmulator } from "../index.js";

let emulator: Emulator;
let rest: RestCaller;
const clients: HubConnection[] = [];

beforeAll(async () => {
  emulator = await startEmulator({ port: 0, restInvocationTimeout: 300 });
  rest = new RestCaller(emulator);
});

afterAll(() => emulator.stop());

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()));
  await eventually(() => emulator.clients().length === 0);
});

async function join(options: ServerlessOptions = {}) {
  const client = serverlessClient(emulator, options);
  clients.push(client);
  const inbox = new Inbox(client, "news", "last");
  await client.start();
  const id = client.connectionId ?? "";
  // The handshake is answered before the client is seen by all, so nothing is sent too early.
  await eventually(() => emulator.clients().some(({ connectionId }) => connectionId === id));
  return { client, inbox, id };
}

/** Sends `last` to the client, which shows what came before it. */
async function receivedBy({ inbox, id }: { inbox: Inbox; id: string }, hub = "chat"): Promise<unknown[][]> {
  await rest.ask("POST", `/hubs/${hub}/connections/${id}/:send`, { body: { target: "last" } });
  const all: unknown[][] = [];
  for (;;) {
    const message = await inbox.next();
    if (message[0] === "last") return all;
    all.push(message.slice(1));
  }
}

const news = (...values: unknown[]) => ({ target: "news", arguments: values });
const framed = (message: HubMessage) => ({
  json: createJsonHubProtocol().write(message),
  messagepack: createMessagePackHubProtocol().write(message),
});
const OCTETS = { "Content-Type": "application/octet-stream" };
const { WebSockets, ServerSentEvents, LongPolling } = HttpTransportType;

describe("a message", () => {
  test("reaches all, a group, a user or a connection, and not those that are excluded", async () => {
    const [ann, bob, eve] = [await join({ user: "ann" }), await join({ user: "b/ö b" }), await join({ user: "eve" })];
    for (const { id } of [ann, bob]) await rest.ask("PUT", `/hubs/chat/groups/a%2Fb/connections/${id}`);
    await rest.ask("POST", `/hubs/chat/:send?excluded=${eve.id}&EXCLUDED=nobody`, { body: news("all but eve") });
    await rest.ask("POST", `/hubs/Chat/groups/a%2Fb/:send?excluded=${ann.id}`, { body: news("group but ann") });
    await rest.ask("POST", `/hubs/chat/users/${encodeURIComponent("b/ö b")}/:send`, { body: news("bob") });
    await rest.ask("POST", `/hubs/chat/connections/${eve.id}/:send`, { body: news("eve's connection") });
    await rest.ask("POST", "/hubs/other/:send", { body: news("another hub") });
    expect(await receivedBy(ann)).toEqual([["all but eve"]]);
    expect(await receivedBy(bob)).toEqual([["all but eve"], ["group but ann"], ["bob"]]);
    expect(await receivedBy(eve)).toEqual([["eve's connection"]]);
  });

  test.each([
    ["JSON over websockets", "json", WebSockets],
    ["MessagePack over websockets", "messagepack", WebSockets],
    ["JSON over server-sent events", "json", ServerSentEvents],
    ["MessagePack over long polling", "messagepack", LongPolling],
  ] as const)("keeps its values: %s", async (_name, protocol, transport) => {
    const client = await join({ protocol, transport });
    const values = [null, true, "ö\u001e", 1.5, -(2 ** 40), [1, [2]], { a: { b: "c" } }];
    await rest.ask("POST", "/hubs/chat/:send", { body: { Target: "news", Arguments: values } });
    await rest.ask("POST", "/hubs/chat/:send", { body: { target: "news", arguments: null } });
    expect(await receivedBy(client)).toEqual([values, []]);
  });

  test("may come encoded, one form for each protocol", async () => {
    const [json, binary] = [await join(), await join({ protocol: "messagepack" })];
    const message: HubMessage = { type: 1, target: "news", arguments: ["x", 7] };
    const body = encode({ ...framed(message), another: Buffer.from("?") });
    expect((await rest.ask("POST", "/hubs/chat/:send", { body, headers: OCTETS })).status).toBe(202);
    expect(await receivedBy(json)).toEqual([["x", 7]]);
    expect(await receivedBy(binary)).toEqual([["x", 7]]);
  });

  test("reaches the clients of hub servers too", async () => {
    const server = await ScriptedServer.connect(emulator, { hub: "served" });
    const { client, connectionId } = await connectPair(emulator, server, {
      hub: "served",
      claims: [["nameid", "ann"]],
    });
    expect(await rest.status("PUT", `/hubs/served/groups/g/connections/${connectionId}`)).toBe(200);
    await rest.ask("POST", "/hubs/served/groups/g/:send", { body: news(1) });
    expect(await client.next()).toBe(`{"type":1,"target":"news","arguments":[1]}${RECORD_END}`);
    expect(await rest.status("DELETE", `/hubs/served/connections/${connectionId}?reason=bye`)).toBe(200);
    expect(await client.next()).toBe(`{"type":7,"error":"bye","allowReconnect":true}${RECORD_END}`);
    expect((await server.next("closeConnection")).errorMessage).toBe("bye");
    await server.close();
  });

  test("is taken when nobody is there", async () => {
    for (const to of ["", "/users/ann", "/groups/g", "/connections/c"]) {
      expect(await rest.status("POST", `/hubs/empty${to}/:send`, news())).toBe(202);
    }
    expect(emulator.hubs().map(({ name }) => name)).not.toContain("empty");
  });

  test("goes to the hub of an application", async () => {
    const client = await join({ hub: "app_chat" });
    await rest.ask("POST", "/hubs/Chat/:send?application=App", { body: news("x") });
    expect(await receivedBy(client, "app_chat")).toEqual([["x"]]);
  });

  test.each([
    ["no body", undefined, {}, "The body is missing."],
    ["no JSON", Buffer.from("{"), {}, "The body is not JSON, or is nested too deeply."],
    ["too deep", Buffer.from(`{"target":"a","arguments":${"[".repeat(80)}${"]".repeat(80)}}`), {}, "nested too deeply"],
    ["no target", { arguments: [] }, {}, "The message has no target"],
    ["an empty target", { target: "" }, {}, "The message has no target"],
    ["arguments that are no list", { target: "a", arguments: {} }, {}, "have to be a list"],
    ["an integer of 70 bits", Buffer.from('{"target":"a","arguments":[1180591620717411303424]}'), {}, "64 bits"],
    ["bytes that are no map", Buffer.of(0xc1), OCTETS, "has to be a MessagePack map"],
    ["a map that is cut off", Buffer.of(0x81, 0xa4, 0x6a), OCTETS, "has to be a MessagePack map"],
    ["an empty map", encode({}), OCTETS, "The body holds no message."],
    ["bytes without framing", encode({ json: Buffer.from("{}") }), OCTETS, "no whole hub message"],
  ])("with %s is refused", async (_name, body, headers, message) => {
    const reply = await rest.ask("POST", "/hubs/chat/:send", { body, headers });
    expect([reply.status, reply.code]).toEqual([400, null]);
    expect(JSON.parse(reply.text)).toMatchObject({ code: "BadRequest", message: expect.stringContaining(message) });
  });

  test("of another type is refused, and so is one of more than 1 MiB", async () => {
    const text = await rest.ask("POST", "/hubs/chat/:send", {
      body: Buffer.from("target=x"),
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    expect([text.status, JSON.parse(text.text).code]).toEqual([415, "UnsupportedMediaType"]);
    const large = await rest.ask("POST", "/hubs/chat/:send", { body: news("x".repeat(1024 * 1024)) });
    expect([large.status, JSON.parse(large.text).code]).toEqual([413, "PayloadTooLarge"]);
  });
});

describe("who is there", () => {
  test("is answered with 200, or 404 and what is missing", async () => {
    const { id } = await join({ user: "ann" });
    await rest.ask("PUT", `/hubs/chat/groups/g/connections/${id}`);
    for (const method of ["GET", "HEAD"]) {
      const codes: unknown[] = [];
      for (const path of ["connections/x", "users/x", "groups/x", "users/ann/groups/x"]) {
        const { status, code } = await rest.ask(method, `/hubs/chat/${path}`);
        codes.push([status, code]);
      }
      expect(codes).toEqual([
        [404, "Warning.Connection.NotExisted"],
        [404, "Warning.User.NotExisted"],
        [404, "Warning.Group.NotExisted"],
        [404, "Info.User.NotInGroup"],
      ]);
      for (const path of [`connections/${id}`, "users/ann", "groups/g", "users/ann/groups/g", "groups/g/users/ann"]) {
        expect(await rest.status(method, `/hubs/chat/${path}`)).toBe(200);
      }
    }
    expect((await rest.ask("HEAD", "/hubs/nothing/users/ann")).code).toBe("Warning.User.NotExisted");
  });

  test("in a group is listed page by page", async () => {
    const members = await Promise.all(
      ["ann", undefined, "eve"].map((user) => join(user === undefined ? {} : { user })),
    );
    for (const { id } of members) await rest.ask("PUT", `/hubs/chat/groups/g/connections/${id}`);
    const pages: unknown[] = [];
    let path = "/hubs/chat/groups/g/connections?api-version=2024-12-01&maxPageSize=1&top=2";
    for (let page = 0; page < 5 && path !== ""; page += 1) {
      const { status, text } = await rest.ask("GET", path);
      expect(status).toBe(200);
      const answer = JSON.parse(text) as { value: unknown[]; nextLink?: string };
      pages.push(answer.value);
      path = answer.nextLink?.replace(`${emulator.url}/api`, "") ?? "";
    }
    const [first, second] = await Promise.all([0, 1].map((index) => emulator.groups("chat")[0]?.connectionIds[index]));
    const userOf = (id: string | undefined) =>
      emulator.clients().find(({ connectionId }) => connectionId === id)?.userId;
    expect(pages).toEqual([
      [{ connectionId: first, ...(userOf(first) && { userId: userOf(first) }) }],
      [{ connectionId: second, ...(userOf(second) && { userId: userOf(second) }) }],
    ]);
    const whole = await rest.ask("GET", "/hubs/chat/groups/g/connections?api-version=2024-12-01");
    expect(JSON.parse(whole.text)).toEqual({ value: expect.objectContaining({ length: 3 }) });
    const none = await rest.ask("GET", "/hubs/none/groups/g/connections?api-version=2024-12-01");
    expect(none.text).toBe('{"value":[]}');
    for (const query of ["maxpagesize=0", "maxpagesize=201", "maxpagesize=x", "top=0"]) {
      expect(await rest.status("GET", `/hubs/chat/groups/g/connections?api-version=2024-12-01&${query}`)).toBe(400);
    }
  });
});

describe("a group", () => {
  test("takes connections in, and lets them go", async () => {
    const { id } = await join();
    const groups = () => emulator.clients()[0]?.groups;
    expect(await rest.status("PUT", `/hubs/chat/groups/g/connections/${id}`)).toBe(200);
    expect(await rest.status("PUT", `/hubs/chat/connections/${id}/groups/h`)).toBe(200);
    expect(groups()).toEqual(["g", "h"]);
    expect(await rest.status("DELETE", `/hubs/chat/groups/g/connections/${id}`)).toBe(200);
    expect(groups()).toEqual(["h"]);
    expect(await rest.status("DELETE", `/hubs/chat/connections/${id}/groups`)).toBe(200);
    expect(groups()).toEqual([]);
    for (const method of ["PUT", "DELETE"]) {
      const { status, code } = await rest.ask(method, "/hubs/chat/groups/g/connections/nobody");
      expect([status, code]).toEqual([404, "Error.Connection.NotExisted"]);
    }
    expect(await rest.status("DELETE", "/hubs/chat/groups/g/connections/nobody?api-version=2024-12-01")).toBe(200);
    expect(await rest.status("DELETE", "/hubs/chat/connections/nobody/groups")).toBe(200);
  });

  test("takes users in, those that come later too", async () => {
    const before = await join({ user: "ann" });
    expect(await rest.status("PUT", "/hubs/chat/users/ann/groups/now?ttl=0")).toBe(200);
    expect(await rest.status("PUT", "/hubs/chat/groups/ever/users/ann")).toBe(200);
    expect(await rest.status("PUT", "/hubs/chat/users/ann/groups/soon?ttl=1000")).toBe(200);
    expect(await rest.status("PUT", "/hubs/chat/users/ann/groups/bad?ttl=-1")).toBe(400);
    const after = await join({ user: "ann" });
    const groupsOf = ({ id }: { id: string }) =>
      emulator.clients().find(({ connectionId }) => connectionId === id)?.groups;
    expect(groupsOf(before)).toEqual(["now", "ever", "soon"]);
    expect(groupsOf(after)).toEqual(["soon", "ever"].sort());
    expect(await rest.status("DELETE", "/hubs/chat/users/ann/groups/soon")).toBe(204);
    expect(groupsOf(before)).toEqual(["now", "ever"]);
    expect(await rest.status("DELETE", "/hubs/chat/users/ann/groups")).toBe(204);
    expect(groupsOf(after)).toEqual([]);
    expect(await rest.status("HEAD", "/hubs/chat/users/ann/groups/ever")).toBe(404);
  });
});

describe("an end", () => {
  test("comes with its reason, to all, a group, a user or a connection", async () => {
    const members = await Promise.all(["ann", "bob", "eve", "eve"].map((user) => join({ user })));
    const [ann, bob, eve, other] = members;
    if (ann === undefined || bob === undefined || eve === undefined || other === undefined) throw new Error("clients");
    await rest.ask("PUT", `/hubs/chat/groups/g/connections/${bob.id}`);
    const ends = members.map(({ client }) => closeOf(client));
    const reason = (text: string) => `Server returned an error on close: ${text}`;
    expect(await rest.status("DELETE", `/hubs/chat/connections/${ann.id}?reason=one%20goes`)).toBe(200);
    expect((await ends[0])?.message).toContain(reason("one goes"));
    expect(await rest.status("POST", "/hubs/chat/groups/g/:closeConnections?reason=group")).toBe(204);
    expect((await ends[1])?.message).toContain(reason("group"));
    expect(await rest.status("POST", `/hubs/chat/users/eve/:closeConnections?reason=user&excluded=${eve.id}`)).toBe(
      204,
    );
    expect((await ends[3])?.message).toContain(reason("user"));
    expect(emulator.clients().map(({ connectionId }) => connectionId)).toEqual([eve.id]);
    expect(await rest.status("POST", "/hubs/chat/:closeConnections")).toBe(204);
    expect(await ends[2]).toBeUndefined();
    const gone = await rest.ask("DELETE", `/hubs/chat/connections/${ann.id}`);
    expect([gone.status, gone.code]).toEqual([404, "Warning.Connection.NotExisted"]);
    expect(await rest.status("POST", "/hubs/none/:closeConnections")).toBe(204);
  });
});

describe("a call of a client", () => {
  const call = (id: string, body: unknown = { target: "ask", arguments: [20, { a: 1 }] }, headers = {}) =>
    rest.ask("POST", `/hubs/chat/connections/${id}/:invoke?api-version=2024-12-01`, { body, headers });

  test.each(["json", "messagepack"] as const)("gives its result: %s", async (protocol) => {
    const { client, id } = await join({ protocol });
    client.on("ask", (number: number, value: unknown) => [number + 1, value]);
    const { status, text, headers } = await call(id);
    expect([status, JSON.parse(text)]).toEqual([200, { result: [21, { a: 1 }] }]);
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    const body = encode(framed({ type: 1, invocationId: "theirs", target: "ask", arguments: [1, null] }));
    expect((await call(id, body, OCTETS)).text).toBe('{"result":[2,null]}');
  });

  test("tells what went wrong", async () => {
    const { client, id } = await join();
    client.on("ask", () => {
      throw new Error("not now");
    });
    const failed = await call(id);
    expect([failed.status, JSON.parse(failed.text).code]).toEqual([400, "InvocationFailed"]);
    expect(failed.text).toContain("not now");
    const absent = await call("nobody");
    expect([absent.status, absent.code]).toEqual([404, "Error.Connection.NotExisted"]);
    client.off("ask");
    client.on("ask", () => new Promise(() => {}));
    const late = await call(id);
    expect([late.status, JSON.parse(late.text).code]).toEqual([500, "InvocationTimeout"]);
  });

  test("ends when the client leaves", async () => {
    const { client, id } = await join();
    client.on("ask", () => {
      void client.stop();
      return new Promise(() => {});
    });
    const { status, text } = await call(id);
    expect(status).toBe(400);
    expect(text).toContain("disconnected");
  });

  test("of a hub server is answered through that server", async () => {
    const server = await ScriptedServer.connect(emulator, { hub: "served" });
    const { client, connectionId } = await connectPair(emulator, server, { hub: "served" });
    const pending = rest.ask("POST", `/hubs/served/connections/${connectionId}/:invoke?api-version=2024-12-01`, {
      body: { target: "ask" },
    });
    const asked = await server.next("clientInvocation");
    expect(JSON.parse((await client.next()).slice(0, -1))).toEqual({
      type: 1,
      invocationId: asked.invocationId,
      target: "ask",
      arguments: [],
    });
    const payload = Buffer.from(`{"type":3,"invocationId":"${asked.invocationId}","result":[1]}${RECORD_END}`);
    const { invocationId } = asked;
    server.send({
      kind: "clientCompletion",
      invocationId,
      connectionId,
      callerServerId: "server-a",
      protocol: "json",
      payload,
    });
    expect((await pending).text).toBe('{"result":[1]}');
    await Promise.all([client.close(), server.close()]);
  });

  test("cannot be answered by another client", async () => {
    const [one, other] = [await RawClient.connect(emulator), await RawClient.connect(emulator)];
    const id = emulator.clients()[0]?.connectionId ?? "";
    const pending = call(id);
    const { invocationId } = JSON.parse((await one.next()).slice(0, -1)) as { invocationId: string };
    other.send(`{"type":3,"invocationId":"${invocationId}","result":"forged"}${RECORD_END}`);
    await rest.ask("POST", `/hubs/chat/:send?excluded=${id}`, { body: news() });
    await other.next();
    one.send(`{"type":3,"invocationId":"${invocationId}"}${RECORD_END}`);
    expect((await pending).text).toBe("{}");
    await Promise.all([one.close(), other.close()]);
  });
});

describe("a stream that a client has asked for", () => {
  test.each(["json", "messagepack"] as const)("gets its items and its end: %s", async (protocol) => {
    const { client, id } = await join({ protocol });
    const items: unknown[] = [];
    const ended = new Promise<string>((resolve) => {
      client.stream("feed").subscribe({
        next: (item) => void items.push(item),
        complete: () => resolve("complete"),
        error: (error: Error) => resolve(error.message),
      });
    });
    const send = (action: string, body?: unknown, headers = {}) =>
      rest.ask("POST", `/hubs/chat/connections/${id}/streams/0/${action}`, { body, headers });
    expect((await send(":send?api-version=2024-12-01", { n: 1 })).status).toBe(202);
    const encoded = encode(framed({ type: 2, invocationId: "0", item: "two" }));
    expect((await send(":send?api-version=2024-12-01", encoded, OCTETS)).status).toBe(202);
    expect((await send(":send?api-version=2024-12-01&completed=true", null)).status).toBe(202);
    expect(await ended).toBe("complete");
    expect(items).toEqual([{ n: 1 }, "two", null]);
  });

  test.each(["reason", "error"])("ends with an error: %s", async (name) => {
    const { client, id } = await join();
    const ended = new Promise<string>((resolve) => {
      client.stream("feed").subscribe({ next() {}, complete() {}, error: ({ message }: Error) => resolve(message) });
    });
    const path = `/hubs/chat/connections/${id}/streams/0/:complete?api-version=2024-12-01&${name}=broken`;
    expect(await rest.status("POST", path)).toBe(202);
    expect(await ended).toBe("broken");
    expect(await rest.status("POST", path.replace("/0/", `/${"x".repeat(101)}/`))).toBe(400);
  });
});

describe("the other operations", () => {
  test("make a token that a client can use", async () => {
    const made = await rest.ask(
      "POST",
      "/hubs/chat/:generateToken?api-version=2022-11-01&userId=ann&minutesToExpire=5",
    );
    const { token } = JSON.parse(made.text) as { token: string };
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ nameid: "ann", exp: claims.iat + 300 });
    const socket = await fetch(`${emulator.url}/client/negotiate?hub=chat&negotiateVersion=1`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(socket.status).toBe(200);
    expect(await rest.status("POST", "/hubs/chat/:generateToken?api-version=2022-11-01&minutesToExpire=0")).toBe(400);
  });

  test("carry out commands for those that a filter picks", async () => {
    const [ann, eve] = [await join({ user: "a-ann" }), await join({ user: "b-eve" })];
    const execute = (filter: string, ...commands: unknown[]) =>
      rest.status("POST", `/hubs/chat/:execute?api-version=2023-07-01${filter}`, commands);
    const forA = `&filter=${encodeURIComponent("startswith(userId, 'a-')")}`;
    expect(await execute(forA, { type: "JoinGroup", group: "g" }, { type: "SendMessage", message: news("you") })).toBe(
      202,
    );
    expect(await execute("", { type: "sendMessage", Message: news("all") }, { type: "LeaveGroup", group: "x" })).toBe(
      202,
    );
    expect(emulator.groups()).toMatchObject([{ name: "g", connectionIds: [ann.id] }]);
    expect(await receivedBy(ann)).toEqual([["you"], ["all"]]);
    expect(await receivedBy(eve)).toEqual([["all"]]);
    const end = closeOf(ann.client);
    expect(await execute(`&filter='g'%20in%20groups`, { type: "CloseConnection", reason: "out" })).toBe(202);
    expect((await end)?.message).toContain("out");
    for (const command of [null, { type: "Dance" }, { type: "JoinGroup" }, { type: "SendMessage" }]) {
      expect(await execute("", command)).toBe(400);
    }
    expect(await rest.status("POST", "/hubs/chat/:execute?api-version=2023-07-01", { type: "JoinGroup" })).toBe(400);
    expect(await execute("&filter=userId%20is%20ann")).toBe(400);
  });
});

describe("the first version", () => {
  test("has the same under its own paths, with its own status codes", async () => {
    const client = await join({ user: "ann" });
    const { id } = client;
    expect(await rest.status("POST", `/v1/hubs/chat?excluded=${id}`, news("not me"))).toBe(202);
    expect(await rest.status("POST", "/v1/hubs/chat", news("all"))).toBe(202);
    expect(await rest.status("POST", "/v1/hubs/chat/users/ann", news("user"))).toBe(202);
    expect(await rest.status("PUT", `/v1/hubs/chat/groups/g/connections/${id}`)).toBe(200);
    expect(await rest.status("POST", "/v1/hubs/chat/groups/g/", news("group"))).toBe(202);
    expect(await rest.status("POST", `/v1/hubs/chat/connections/${id}`, news("connection"))).toBe(202);
    expect(await receivedBy(client)).toEqual([["all"], ["user"], ["group"], ["connection"]]);
    expect(await rest.status("PUT", "/v1/hubs/chat/groups/h/users/ann?ttl=0")).toBe(202);
    expect(await rest.status("GET", "/v1/hubs/chat/users/ann/groups/h")).toBe(200);
    expect(await rest.status("DELETE", "/v1/hubs/chat/groups/h/users/ann")).toBe(202);
    expect(await rest.status("DELETE", "/v1/hubs/chat/users/ann/groups")).toBe(200);
    expect(await rest.status("HEAD", `/v1/hubs/chat/connections/${id}`)).toBe(200);
    expect(await rest.status("DELETE", `/v1/hubs/chat/groups/g/connections/nobody`)).toBe(404);
    expect(await rest.status("DELETE", `/v1/hubs/chat/connections/${id}`)).toBe(202);
    expect(await rest.status("HEAD", "/v1/health")).toBe(200);
  });
});

describe("a request", () => {
  test("needs a version that has the operation", async () => {
    const { status, text } = await rest.ask("POST", "/hubs/chat/connections/x/:invoke", { body: news() });
    expect([status, text]).toEqual([404, expect.stringContaining("from api-version 2024-12-01 on")]);
    for (const version of ["", "now", "2019-01-01", "2022-06-01x"]) {
      expect(await rest.status("POST", `/hubs/chat/:send?api-version=${version}`, news())).toBe(400);
    }
    for (const version of ["1.0", "2030-01-01", "2026-07-01-preview"]) {
      expect(await rest.status("POST", `/hubs/chat/:send?api-version=${version}`, news())).toBe(202);
    }
  });

  test.each([
    ["/hubs/1chat/:send", 400],
    [`/hubs/${"c".repeat(129)}/:send`, 400],
    ["/hubs/chat/:send?application=no%20name", 400],
    ["/hubs/chat/groups/%20/:send", 400],
    [`/hubs/chat/groups/${"g".repeat(1025)}/:send`, 400],
    [`/hubs/chat/users/${"u".repeat(1025)}/:send`, 400],
    ["/hubs/chat/groups/%zz/:send", 400],
    ["/hubs/chat/:fly", 404],
    ["/hubs", 404],
    ["/elsewhere", 404],
  ])("to %s is answered with %i", async (path, status) => {
    const { status: answered, code } = await rest.ask("POST", path, { body: news() });
    expect([answered, code]).toEqual([status, null]);
  });

  test("with another method hears which ones there are", async () => {
    const { status, headers } = await rest.ask("POST", "/hubs/chat/users/ann/groups/g");
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD, PUT, DELETE"]);
  });

  test("may come from a page of another origin", async () => {
    const response = await fetch(rest.address("/hubs/chat/:send"), {
      method: "OPTIONS",
      headers: { Origin: "http://localhost:3000", "Access-Control-Request-Method": "POST" },
    });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([
      204,
      "http://localhost:3000",
    ]);
  });
});

describe("a token", () => {
  const key = new TextEncoder().encode(EMULATOR_DEFAULTS.accessKey);
  const sign = (audience: string, expires: string | number = "1h", with_ = key) =>
    new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setAudience(audience).setExpirationTime(expires).sign(with_);
  const address = () => `${emulator.url}/api/hubs/chat/groups/A%2Fb/:send`;
  const status = async (token: string) =>
    (await rest.ask("POST", "/hubs/chat/groups/A%2Fb/:send", { body: news(), token })).status;

  test.each([
    ["for the address", () => address()],
    ["with the query", () => `${address()}?api-version=2022-06-01`],
    ["with a slash at its end", () => `${address()}/`],
    ["without the port", () => address().replace(/:\d+\//, "/")],
    ["for another host name", () => address().replace("localhost", "demo.service.signalr.net")],
    ["escaped in another way", () => address().replace("%2F", "%2f").replace(":send", "%3Asend")],
  ])("%s is good", async (_name, audience) => {
    expect(await status(await sign(audience()))).toBe(202);
  });

  test.each([
    ["for another address", () => sign(`${emulator.url}/api/hubs/chat/:send`)],
    ["for the hub alone", () => sign(`${emulator.url}/api/hubs/chat`)],
    ["for no address", () => sign("everything")],
    ["that is over", () => sign(address(), Math.floor(Date.now() / 1000) - 60)],
    ["of another key", () => sign(address(), "1h", new TextEncoder().encode("another key of thirty-two bytes.."))],
    ["that nobody signed", async () => new UnsecuredJWT({}).setAudience(address()).setExpirationTime("1h").encode()],
    ["for a client", () => tokensOf(emulator).clientToken("chat", [])],
    ["that is none", async () => "x"],
  ])("%s is refused, in the header only", async (_name, make) => {
    const { status, text, headers } = await rest.ask("POST", "/hubs/chat/groups/A%2Fb/:send", {
      body: news(),
      token: await make(),
    });
    expect([status, text]).toEqual([401, ""]);
    expect(headers.get("www-authenticate")).toMatch(/^Bearer error="invalid_token", error_description="[^"]+"$/);
  });

  test("does not count in the query, and health needs none", async () => {
    const token = await sign(address());
    const url = `${address()}?api-version=2022-06-01&access_token=${token}`;
    expect((await fetch(url, { method: "POST", body: "{}" })).status).toBe(401);
    for (const path of ["/api/health", "/api/health?api-version=2022-06-01"]) {
      expect((await fetch(emulator.url + path, { method: "HEAD" })).status).toBe(200);
    }
  });

  test("of an identity is taken when the emulator was told to", async () => {
    await using other = await startEmulator({ port: 0, entra: true });
    const caller = new RestCaller(other);
    expect((await caller.ask("POST", "/hubs/chat/:send", { body: news(), token: "of-an-identity" })).status).toBe(202);
    expect(endpointOf(other).endpoint).not.toBe(endpointOf(emulator).endpoint);
  });
});
