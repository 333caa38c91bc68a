import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connectPair, refusedStatus, ScriptedServer } from "../../../test/support/emulator-peers.js";
import { askPage, PageClient } from "../../../test/support/page-client.js";
import { eventually } from "../../../test/support/polling.js";
import { EMULATOR_DEFAULTS, type Emulator, type EmulatorOptions, startEmulator } from "../index.js";

const FILES = [
  "/",
  "/page/style.css",
  "/page/icon.svg",
  "/page/app.js",
  "/page/clients.js",
  "/page/dom.js",
  "/page/faults.js",
  "/page/hubs.js",
  "/page/live.js",
  "/page/messages.js",
  "/page/plot.js",
];

const LONG_ORDER = `{"fault":"${"x".repeat(5000)}"}`;

let running: Emulator[] = [];

afterEach(async () => {
  await Promise.all(running.map((emulator) => emulator.stop()));
  running = [];
});

async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ port: 0, ...options });
  running.push(emulator);
  return emulator;
}

const order = (emulator: Emulator, fault: object | string, headers: Record<string, string> = {}) =>
  askPage(emulator.url, "/page/faults", {
    method: "POST",
    headers: { Origin: emulator.url, "Content-Type": "application/json", ...headers },
    body: typeof fault === "string" ? fault : JSON.stringify(fault),
  });

describe("the page's files", () => {
  test("are served, with headers that let nothing else in", async () => {
    const { url } = await start();
    for (const path of FILES) {
      const { status, headers, body } = await askPage(url, path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["access-control-allow-origin"]).toBeUndefined();
      expect(body).not.toContain(EMULATOR_DEFAULTS.accessKey);
      expect(body).not.toMatch(/\b(?:src|href)="(?:https?:)?\/\//);
      expect(body).not.toMatch(/innerHTML|insertAdjacentHTML|\beval\b/);
    }
  });

  test("name each other, and nothing that is not served", async () => {
    const { url } = await start();
    const bodies = await Promise.all(FILES.map(async (path) => (await askPage(url, path)).body));
    const named = bodies.flatMap((body) =>
      [...body.matchAll(/(?:src|href)="(page\/[^"]+)"|from "\.\/([^"]+)"/g)].map(
        ([, inPage, inScript]) => `/${inPage ?? `page/${inScript}`}`,
      ),
    );
    expect([...new Set(["/", ...named])].sort()).toEqual([...FILES].sort());
  });

  test("are asked for with GET and HEAD, and by their names only", async () => {
    const { url } = await start();
    const head = await askPage(url, "/", { method: "HEAD" });
    expect([head.status, head.body]).toEqual([200, ""]);
    expect(Number(head.headers["content-length"])).toBeGreaterThan(1000);
    for (const path of ["/page/", "/page/index.html", "/page/..%2fpage-door.js", "/page//app.js", "/index.html"]) {
      expect([path, (await askPage(url, path)).status]).toEqual([path, 404]);
    }
    expect((await askPage(url, "/", { method: "POST" })).status).toBe(404);
  });

  test.each(["evil.example", "localhost.evil.example", "localhost@evil.example", "localhost/x"])(
    "are not served under the name %j, which somebody may let point here",
    async (host) => {
      const { url, port } = await start();
      const { status, body } = await askPage(url, "/", { headers: { Host: `${host}:${port}` } });
      expect(status).toBe(403);
      expect(body).toContain("under localhost, an IP address, or the host that the emulator listens on");
    },
  );

  test.each(["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "192.168.0.7"])("are served under %s", async (host) => {
    const { url, port } = await start();
    expect((await askPage(url, "/", { headers: { Host: `${host}:${port}` } })).status).toBe(200);
  });

  test("are not there when the page is turned off", async () => {
    const emulator = await start({ livePage: false });
    expect((await askPage(emulator.url, "/")).status).toBe(404);
    expect((await order(emulator, { fault: "rebalance" })).status).toBe(404);
    expect(await refusedStatus(`${emulator.url}/page/live`, { Origin: emulator.url })).toBe(404);
    await expect(startEmulator({ port: 0, livePage: "no" as unknown as boolean })).rejects.toThrow(
      "livePage must be true or false, got string",
    );
  });
});

describe("the page's websocket", () => {
  test("is for the page alone", async () => {
    const { url, port } = await start();
    const knock = (headers: Record<string, string>) => refusedStatus(`${url}/page/live`, headers);
    expect(await knock({})).toBe(403);
    expect(await knock({ Origin: "null" })).toBe(403);
    expect(await knock({ Origin: "http://evil.example" })).toBe(403);
    expect(await knock({ Origin: `http://localhost:${port + 1}` })).toBe(403);
    expect(await knock({ Origin: `http://127.0.0.1:${port}` })).toBe(403);
    expect(await knock({ Origin: `http://evil.example:${port}`, Host: `evil.example:${port}` })).toBe(403);
  });

  test("opens for so many pages", async () => {
    const { url } = await start();
    const pages = await Promise.all(Array.from({ length: 8 }, () => PageClient.open(url)));
    expect(await refusedStatus(`${url}/page/live`, { Origin: url })).toBe(503);
    await pages[0]?.close();
    // The emulator hears of it a moment later; a page that is let in counts as not refused.
    const knock = () => refusedStatus(`${url}/page/live`, { Origin: url }).catch(() => "let in");
    await expect.poll(knock).toBe("let in");
    for (const page of pages) page.socket.terminate();
  });

  test("is closed with the emulator", async () => {
    const emulator = await start();
    const page = await PageClient.open(emulator.url);
    await emulator.stop();
    expect(await page.closed).toBe(1001);
  });

  test("ends for who sends something else than a filter, or too much", async () => {
    const { url } = await start();
    for (const [text, code] of [
      ["[", 1008],
      ["1", 1008],
      [`{"find":"${"x".repeat(5000)}"}`, 1009],
    ] as const) {
      const page = await PageClient.open(url);
      page.filter(text);
      expect(await page.closed).toBe(code);
    }
  });

  test("has no effect on anybody when the page does not read", async () => {
    const emulator = await start();
    const page = await PageClient.open(emulator.url);
    page.socket.pause();
    const server = await ScriptedServer.connect(emulator);
    const { client, connectionId } = await connectPair(emulator, server);
    for (let index = 0; index < 200; index += 1)
      server.data(connectionId, `{"type":1,"target":"t","arguments":[${index}]}\u001e`);
    await server.settled();
    await eventually(() => client.received.length === 201);
    page.socket.terminate();
  });
});

describe("a fault ordered by the page", () => {
  test("is done, and told in a sentence", async () => {
    const emulator = await start({ instances: 2 });
    const server = await ScriptedServer.connect(emulator, { connectionId: "link-1" });
    const { client, connectionId } = await connectPair(emulator, server);
    const said = async (fault: object): Promise<string> => {
      const { status, body } = await order(emulator, fault);
      expect(status).toBe(200);
      return body;
    };
    expect(await said({ fault: "dropClient", connectionId })).toBe(`Client ${connectionId} is cut.`);
    await client.closed;
    expect(await said({ fault: "rebalance", hub: "CHAT" })).toBe(
      "Each server of hub chat is asked for one more connection.",
    );
    expect((await server.next("ping", ({ messages }) => messages[0] === "target")).messages).toHaveLength(2);
    expect(await said({ fault: "loseInstance" })).toBe("The instance with the clients is lost.");
    await server.next("ping", ({ messages }) => messages[0] === "offline");
    expect(await said({ fault: "loseAcks", count: 2 })).toBe("The next 2 acks get lost.");
    expect(await said({ fault: "loseAcks", count: 0 })).toBe("No ack gets lost.");
    expect(await said({ fault: "setLatency", milliseconds: 1 })).toBe("All to and from servers is delayed by 1 ms.");
    expect(await said({ fault: "refuseClients", status: 429 })).toBe("New clients are refused with 429.");
    expect(await said({ fault: "refuseServers", status: 401 })).toBe("New server connections are refused with 401.");
    await expect(ScriptedServer.connect(emulator, { connectionId: "link-2" })).rejects.toThrow("401");
    expect(await said({ fault: "refuseServers", status: null })).toBe("New servers are let in.");
    const [{ id } = { id: "" }] = emulator.instances();
    expect(await said({ fault: "stopInstance", id })).toBe(`Instance ${id} is stopped.`);
    expect(await said({ fault: "restartInstance", id })).toBe(`Instance ${id} is up again.`);
    await said({ fault: "stopInstance", id });
    expect(await said({ fault: "endAll" })).toBe("All faults are ended.");
    expect(emulator.instances().map(({ isUp }) => isUp)).toEqual([true, true]);
    expect((await fetch(`${emulator.url}/client/negotiate?hub=chat`, { method: "POST" })).status).toBe(401);
    const other = await ScriptedServer.connect(emulator, { connectionId: "link-3" });
    expect(await said({ fault: "dropServerConnection", connectionId: "link-3" })).toContain("link-3 is cut");
    await other.closed;
    const last = await ScriptedServer.connect(emulator, { connectionId: "link-4" });
    expect(await said({ fault: "dropServerConnections" })).toMatch(/^\d server connections? (?:is|are) cut\.$/);
    await last.closed;
    expect(await said({ fault: "dropClients", hub: "chat" })).toBe("0 clients are cut of hub chat.");
  });

  test.each([
    [{ fault: "fly" }, 404, "There is no fault of this name."],
    [{ fault: "constructor" }, 404, "There is no fault of this name."],
    [{ fault: "dropClient", connectionId: "nobody" }, 404, "There is no client nobody."],
    [{ fault: "dropServerConnection", connectionId: "nobody" }, 404, "There is no server connection nobody."],
    [{ fault: "stopInstance", id: "nobody" }, 404, "There is no instance nobody."],
    [{ fault: "dropClient" }, 400, "connectionId must be a text that is not empty."],
    [{ fault: "refuseClients", status: 200 }, 400, "HTTP status from 400 to 599"],
    [{ fault: "refuseClients", status: "429" }, 400, "status must be a number."],
    [{ fault: "setLatency", milliseconds: 1e9 }, 400, "from 0 to 60000 milliseconds"],
    [{ fault: "dropClients", hub: 1 }, 400, "hub must be a text"],
    ["[", 400, "ordered in JSON"],
    ["null", 400, "ordered as a JSON object"],
    [LONG_ORDER, 413, "4096 bytes at most"],
  ])("is refused when it is %.60j", async (fault, status, text) => {
    const reply = await order(await start(), fault);
    expect(reply.status).toBe(status);
    expect(reply.body).toContain(text);
  });

  test("is taken from the page alone", async () => {
    const emulator = await start();
    const { port } = emulator;
    const rebalance = { fault: "rebalance" };
    expect((await order(emulator, rebalance, { Origin: "http://evil.example" })).status).toBe(403);
    expect((await order(emulator, rebalance, { Origin: "" })).status).toBe(403);
    expect((await order(emulator, rebalance, { "Content-Type": "text/plain" })).status).toBe(415);
    const rebound = `evil.example:${port}`;
    expect((await order(emulator, rebalance, { Host: rebound, Origin: `http://${rebound}` })).status).toBe(403);
    const got = await askPage(emulator.url, "/page/faults");
    expect([got.status, got.headers.allow]).toEqual([405, "POST"]);
    expect((await order(emulator, rebalance)).status).toBe(200);
  });
});

test("a page that knocks on a stopping emulator is refused or cut, never left hanging", async () => {
  const emulator = await start();
  const socket = new WebSocket(`${emulator.url.replace("http", "ws")}/page/live`, { origin: emulator.url });
  socket.on("error", () => {});
  const ended = new Promise((resolve) => socket.once("close", resolve));
  await emulator.stop();
  await ended;
  expect(socket.readyState).toBe(WebSocket.CLOSED);
});
