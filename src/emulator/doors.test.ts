import { SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  JSON_HANDSHAKE,
  RawClient,
  RECORD_END,
  refusedStatus,
  ScriptedServer,
  tokensOf,
} from "../../test/support/emulator-peers.js";
import { EMULATOR_DEFAULTS, type Emulator, startEmulator } from "./index.js";

let emulator: Emulator;

beforeEach(async () => {
  emulator = await startEmulator({ port: 0, mode: "default" });
});

afterEach(() => emulator.stop());

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

function sign(
  audience: string,
  expires: string | number = "1h",
  algorithm = "HS256",
  key: string = EMULATOR_DEFAULTS.accessKey,
) {
  return new SignJWT({})
    .setProtectedHeader({ alg: algorithm })
    .setAudience(audience)
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(key));
}

function negotiate(query: string, headers: Record<string, string> = {}, method = "POST"): Promise<Response> {
  return fetch(`${emulator.url}/client/negotiate?${query}`, { method, headers });
}

describe.each([
  { door: "/server/", audience: "http://localhost/server/?hub=chat" },
  { door: "/client/", audience: "http://localhost/client/?hub=chat" },
])("the token at $door", ({ door, audience }) => {
  const knock = (token: string | undefined, query = "hub=chat&cid=1") =>
    refusedStatus(`${emulator.url}${door}?${query}`, token === undefined ? {} : bearer(token));

  test("has to be there", async () => {
    expect(await knock(undefined)).toBe(401);
    expect(await knock("")).toBe(401);
  });

  test("has to be a token", async () => {
    expect(await knock("not.a.token")).toBe(401);
    expect(await knock("~".repeat(50))).toBe(401);
  });

  test("has to be signed, with the key of this emulator", async () => {
    expect(await knock(new UnsecuredJWT({}).setAudience(audience).setExpirationTime("1h").encode())).toBe(401);
    expect(await knock(await sign(audience, "1h", "HS256", "another-key-that-is-long-enough-for-it"))).toBe(401);
    expect(await knock(await sign(audience, "1h", "HS384"))).toBe(401);
  });

  test("must not have expired", async () => {
    expect(await knock(await sign(audience, Math.floor(Date.now() / 1000) - 60))).toBe(401);
  });

  test("has to be for this hub and this door", async () => {
    expect(await knock(await sign(audience.replace("chat", "other")))).toBe(401);
    expect(await knock(await sign("http://localhost/elsewhere/?hub=chat"))).toBe(401);
    expect(await knock(await sign("chat"))).toBe(401);
  });

  test("needs a hub beside it", async () => {
    expect(await knock(await sign(audience), "cid=1")).toBe(400);
    expect(await knock(await sign(audience), "hub=%20")).toBe(400);
    expect(await knock(await sign(audience), `hub=${"a".repeat(129)}`)).toBe(400);
  });
});

describe("good tokens", () => {
  test.each([
    ["without a port", "http://localhost/client/?hub=chat"],
    ["with a port", "http://localhost:1234/client/?hub=chat"],
    ["for https and another host", "https://x.service.signalr.net/client/?hub=chat"],
    ["in another letter case, without the slash", "http://localhost/client?hub=Chat"],
  ])("may name the audience %s", async (_how, audience) => {
    await ScriptedServer.connect(emulator);
    for (const algorithm of ["HS256", "HS512"]) {
      expect((await negotiate("hub=chat", bearer(await sign(audience, "1h", algorithm)))).status).toBe(200);
    }
  });

  test("may come in the query, the last one counts", async () => {
    await ScriptedServer.connect(emulator);
    const token = await tokensOf(emulator).clientToken("chat", []);
    expect((await negotiate(`hub=chat&access_token=${token}`)).status).toBe(200);
    expect((await negotiate(`hub=chat&access_token=theirs&access_token=${token}`)).status).toBe(200);
    expect((await negotiate(`hub=chat&access_token=${token}&access_token=theirs`)).status).toBe(401);
  });
});

describe("negotiate", () => {
  let token: string;

  beforeEach(async () => {
    await ScriptedServer.connect(emulator);
    token = await tokensOf(emulator).clientToken("chat", []);
  });

  test("gives clients of version 1 an id and a secret", async () => {
    const response = await negotiate("hub=chat&negotiateVersion=1", bearer(token));
    const text = await response.text();
    const answer = JSON.parse(text) as Record<string, unknown>;
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(Object.keys(answer)).toEqual(["negotiateVersion", "connectionId", "connectionToken", "availableTransports"]);
    expect(answer["negotiateVersion"]).toBe(1);
    expect(answer["connectionId"]).toMatch(/^[\w-]{22}$/);
    expect(answer["connectionToken"]).toMatch(/^[\w-]{22}$/);
    expect(answer["connectionToken"]).not.toBe(answer["connectionId"]);
    expect(answer["availableTransports"]).toEqual([
      { transport: "WebSockets", transferFormats: ["Text", "Binary"] },
      { transport: "ServerSentEvents", transferFormats: ["Text"] },
      { transport: "LongPolling", transferFormats: ["Text", "Binary"] },
    ]);
  });

  test("gives clients of version 0 one id", async () => {
    const answer = (await (await negotiate("hub=chat", bearer(token))).json()) as Record<string, unknown>;
    expect(Object.keys(answer)).toEqual(["negotiateVersion", "connectionId", "availableTransports"]);
  });

  test("does not go beyond version 1, and wants a whole number", async () => {
    const asked = async (version: string) =>
      (await negotiate(`hub=chat&negotiateVersion=${version}`, bearer(token))).json();
    expect(await asked("7")).toMatchObject({ negotiateVersion: 1 });
    expect(await asked("one")).toEqual({ error: "The client requested a non-integer protocol version." });
  });

  test("offers what the token allows", async () => {
    const restricted = await tokensOf(emulator).clientToken("chat", [["asrs.s.htt", "6"]]);
    const answer = await (await negotiate("hub=chat&negotiateVersion=1", bearer(restricted))).json();
    const names = (answer as { availableTransports: { transport: string }[] }).availableTransports;
    expect(names.map(({ transport }) => transport)).toEqual(["ServerSentEvents", "LongPolling"]);
  });

  test("tells a client that there is no server", async () => {
    const other = await tokensOf(emulator).clientToken("empty", []);
    const response = await negotiate("hub=empty&negotiateVersion=1", bearer(other));
    expect(await response.json()).toEqual({ error: "No server is connected to hub 'empty'." });
  });

  test("is a POST, and says why it refuses", async () => {
    const wrongVerb = await negotiate("hub=chat", bearer(token), "GET");
    expect([wrongVerb.status, wrongVerb.headers.get("allow")]).toEqual([405, "POST"]);
    const withoutToken = await negotiate("hub=chat");
    expect(withoutToken.status).toBe(401);
    expect(withoutToken.headers.get("www-authenticate")).toMatch(/^Bearer error="invalid_token"/);
    expect(await withoutToken.text()).toContain("access_token");
  });

  test("an id opens one connection, of its hub", async () => {
    await ScriptedServer.connect(emulator, { hub: "other" });
    const answer = (await (await negotiate("hub=chat&negotiateVersion=1", bearer(token))).json()) as Record<
      string,
      string
    >;
    const id = answer["connectionToken"];
    const otherToken = await tokensOf(emulator).clientToken("other", []);
    expect(await refusedStatus(`${emulator.url}/client/?hub=chat&id=unknown`, bearer(token))).toBe(404);
    expect(await refusedStatus(`${emulator.url}/client/?hub=other&id=${id}`, bearer(otherToken))).toBe(404);
    const client = await RawClient.connect(emulator, { query: `id=the-apps-own&id=${id}` });
    expect(await refusedStatus(`${emulator.url}/client/?hub=chat&id=${id}`, bearer(token))).toBe(409);
    await client.close();
    expect(await refusedStatus(`${emulator.url}/client/?hub=chat&id=${id}`, bearer(token))).toBe(404);
  });

  test("the server sees the public id", async () => {
    const server = await ScriptedServer.connect(emulator, { serverId: "server-b" });
    const answer = (await (await negotiate("hub=chat&negotiateVersion=1", bearer(token))).json()) as Record<
      string,
      string
    >;
    const [, opened] = await Promise.all([
      RawClient.connect(emulator, { query: `id=${answer["connectionToken"]}`, claims: [["asrs.s.sn", "server-b"]] }),
      server.next("openConnection"),
    ]);
    expect(opened.connectionId).toBe(answer["connectionId"]);
  });
});

describe("pages of other origins", () => {
  test("may ask with credentials", async () => {
    const response = await negotiate("hub=chat", { Origin: "http://localhost:3000" });
    expect(response.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
    expect(response.headers.get("vary")).toBe("Origin");
  });

  test("get their preflight answered", async () => {
    const response = await negotiate(
      "hub=chat",
      {
        Origin: "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-requested-with",
      },
      "OPTIONS",
    );
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-methods")).toBe("POST");
    expect(response.headers.get("access-control-allow-headers")).toBe("authorization,x-requested-with");
  });
});

describe("other addresses", () => {
  test("health is told to everybody", async () => {
    expect((await fetch(`${emulator.url}/api/health`, { method: "HEAD" })).status).toBe(200);
    expect((await fetch(`${emulator.url}/api/v1/health`)).status).toBe(200);
    expect((await fetch(`${emulator.url}/api/health`, { method: "POST" })).status).toBe(401);
  });

  test("everything else is not found", async () => {
    expect((await fetch(`${emulator.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${emulator.url}/client/nothing`)).status).toBe(404);
    expect((await fetch(`${emulator.url}//client/negotiate?hub=x`, { method: "POST" })).status).toBe(404);
    expect((await fetch(`${emulator.url}/client/?hub=chat`)).status).toBe(401);
    expect(await refusedStatus(`${emulator.url}/elsewhere`)).toBe(404);
  });

  test("IPv6 and IPv4 loopback are both served, where the machine has them", async () => {
    expect((await fetch(`http://127.0.0.1:${emulator.port}/api/health`)).status).toBe(200);
    const overIpv6 = await fetch(`http://[::1]:${emulator.port}/api/health`).then(
      (response) => response.status,
      (error: Error) => String(error.cause),
    );
    expect(
      overIpv6 === 200 || String(overIpv6).includes("EADDRNOTAVAIL") || String(overIpv6).includes("ECONNREFUSED"),
    ).toBe(true);
  });
});

describe("limits", () => {
  test("clients beyond maxClients are refused with the number", async () => {
    await using small = await startEmulator({ port: 0, maxClients: 1 });
    await ScriptedServer.connect(small);
    await RawClient.connect(small);
    const token = await tokensOf(small).clientToken("chat", []);
    expect(await refusedStatus(`${small.url}/client/?hub=chat`, bearer(token))).toBe(429);
    const response = await fetch(`${small.url}/client/negotiate?hub=chat`, { method: "POST", headers: bearer(token) });
    expect([response.status, await response.text()]).toEqual([429, expect.stringContaining("1 clients")]);
  });

  test("a websocket message above the limit ends the client, and nothing else", async () => {
    await using small = await startEmulator({ port: 0, maxClientMessageBytes: 1000 });
    const server = await ScriptedServer.connect(small);
    const [big, good] = [await RawClient.connect(small), await RawClient.connect(small)];
    big.send("x".repeat(1001));
    expect(await big.closed).toBe(1009);
    await server.next("closeConnection");
    good.send(`{"type":6}${RECORD_END}`);
    await server.next("connectionData", (data) => data.payload.toString().includes('"type":6'));
    expect(small.hubs()[0]?.clients).toBe(1);
  });
});

test("a client that sends garbage and leaves does no harm to the next one", async () => {
  const server = await ScriptedServer.connect(emulator);
  const client = await RawClient.connect(emulator, { shakesHands: false });
  client.send("\u0000\u0001 not a handshake");
  client.socket.terminate();
  const other = await RawClient.connect(emulator, { shakesHands: false });
  other.send(JSON_HANDSHAKE);
  expect((await server.next("openConnection")).claims.length).toBeGreaterThan(0);
});
