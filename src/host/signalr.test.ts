import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ask, buildHost, connectionString, KEY, nextTurn } from "../../test/support/named-host.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { SignalRError } from "../base/errors.js";
import { silentProbe } from "../base/probe.js";
import { Hub } from "../hub/hub.js";
import { SignalRHost, type SignalROptions } from "./signalr.js";

class ChatHub extends Hub {}
class RoomHub extends Hub {}

const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});

afterEach(() => {
  warnings.mockClear();
});

describe("starting", () => {
  test("hubs start on the turn after mapHub, each class once", async () => {
    const { host, stubs } = buildHost();
    host.mapHub("/chat", ChatHub);
    host.mapHub("/talk", ChatHub);
    host.mapHub("/room", RoomHub);
    expect(stubs).toEqual([]);
    await nextTurn();
    expect(stubs.map(({ parts, calls }) => [parts.hubClass, calls])).toEqual([
      [ChatHub, ["start"]],
      [RoomHub, ["start"]],
    ]);
    host.mapHub("/late", class LateHub extends Hub {});
    await nextTurn();
    expect(stubs).toHaveLength(3);
  });

  test("started() waits for the first connection of every hub, and may be asked again", async () => {
    const { host, stubs } = buildHost({ hubs: { "/chat": ChatHub, "/room": [RoomHub, { keepAliveInterval: 1000 }] } });
    let isStarted = false;
    const started = host.started().then(() => {
      isStarted = true;
    });
    await nextTurn();
    stubs[0]?.open();
    await nextTurn();
    expect(isStarted).toBe(false);
    stubs[1]?.open();
    await started;
    await host.started();
    expect(stubs.map(({ parts }) => parts.options.keepAliveInterval)).toEqual([15_000, 1000]);
  });

  test.each([
    [undefined, true, true],
    [undefined, false, false],
    [true, false, true],
    [false, true, false],
  ])("allowStatefulReconnects of the service (%s) wins over that of a path (%s)", async (ofAll, ofPath, expected) => {
    const { host, stubs } = buildHost(ofAll === undefined ? {} : { allowStatefulReconnects: ofAll });
    host.mapHub("/chat", ChatHub, { allowStatefulReconnects: ofPath });
    await nextTurn();
    expect(stubs[0]?.parts.allowStatefulReconnects).toBe(expected);
  });

  test("hooks for the shutdown reach their own hub, in order, also those from before its start", async () => {
    const { host, stubs } = buildHost({ hubs: { "/chat": ChatHub, "/room": RoomHub } });
    const [one, two] = [() => {}, () => {}];
    host.onShutdown(ChatHub, one);
    await nextTurn();
    host.onShutdown(ChatHub, two);
    await host.shutdown();
    expect(stubs.map(({ hooks }) => hooks)).toEqual([[one, two], []]);
    expect(() => host.onShutdown(ChatHub, one)).toThrow(/shut down/);
  });

  test("a hub is there for health and sends while it shuts down", async () => {
    const { host, stubs } = buildHost({ hubs: { "/chat": ChatHub } });
    await nextTurn();
    const [stub] = stubs;
    if (stub === undefined) throw new Error("no hub was started");
    stub.clientCount = 2;
    let end: () => void = () => {};
    stub.stopping = new Promise((resolve) => {
      end = resolve;
    });
    const over = host.shutdown();
    expect(host.health()).toMatchObject({ status: "unhealthy", hubs: [{ clients: 2 }] });
    await host.context(ChatHub).clients.all.send("bye");
    expect(stub.sent).toEqual(["bye"]);
    expect((await ask(host)).status).toBe(503);
    end();
    await over;
    expect(host.health()).toMatchObject({ status: "unhealthy", hubs: [{ clients: 0 }] });
  });

  test("hub options: settings, then those of the service, then the hub's own; the token tells the global details only", async () => {
    const values = {
      Azure: {
        SignalR: { signalr: { Hub: { KeepAliveInterval: 2000, StreamBufferCapacity: 3, EnableDetailedErrors: true } } },
      },
    };
    const { host, stubs } = buildHost({
      configuration: { values },
      hub: { keepAliveInterval: 4000, jsonBigIntegers: undefined as never },
    });
    host.mapHub("/chat", ChatHub, {
      streamBufferCapacity: 5,
      enableDetailedErrors: false,
      allowStatefulReconnects: true,
    });
    await nextTurn();
    stubs[0]?.open();
    expect(stubs[0]?.parts).toMatchObject({
      allowStatefulReconnects: true,
      options: {
        keepAliveInterval: 4000,
        streamBufferCapacity: 5,
        enableDetailedErrors: false,
        jsonBigIntegers: false,
      },
    });
    const { accessToken } = JSON.parse((await ask(host)).body) as { accessToken: string };
    expect(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()).toContain('"asrs.s.derror":"True"');
  });

  test("the options object of the caller is not written to", async () => {
    const options = Object.freeze({
      connectionString,
      hubs: Object.freeze({ "/chat": ChatHub }),
      hub: Object.freeze({}),
    });
    const { host } = buildHost(options);
    await nextTurn();
    expect(host.health().hubs).toHaveLength(1);
  });

  test.each(["", undefined])("the name %j is refused at once", (name) => {
    const parts = { probe: silentProbe, defaultClaims: () => undefined };
    expect(() => new SignalRHost(name as string, {}, parts)).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID" }),
    );
  });
});

describe("what keeps a service from starting", () => {
  test.each<[string, SignalROptions<object>, string]>([
    ["no connection string", { connectionString: undefined as never }, "CONNECTION_STRING_MISSING"],
    ["a broken connection string", { connectionString: "Endpoint=x" }, "CONNECTION_STRING_INVALID"],
    ["a wrong option", { connectionCount: -1 }, "CONFIG_INVALID"],
    ["serverless mode", { serviceMode: "Serverless" }, "CONFIG_INVALID"],
    ["a wrong hub option", { hub: { keepAliveInterval: 0 } }, "CONFIG_INVALID"],
  ])("%s: started() rejects, negotiate is 500 with the code, the log has it once", async (_name, options, code) => {
    const probe = new RecordingProbe();
    const { host } = buildHost(options, { probe });
    host.mapHub("/chat", ChatHub);
    host.mapHub("/talk", ChatHub);
    await nextTurn();
    await expect(host.started()).rejects.toMatchObject({ code });
    await expect(host.started()).rejects.toMatchObject({ code });
    const answer = await ask(host);
    expect(answer).toMatchObject({ status: 500, headers: { "x-signalr-error": code } });
    expect(JSON.stringify(answer)).not.toContain(KEY);
    expect(probe.of("StartFailed")).toHaveLength(1);
    expect(host.health().status).toBe("unhealthy");
    expect((await host.probe()).status).toBe("unhealthy");
    expect(warnings).not.toHaveBeenCalled();
  });

  test("a hub that cannot be one fails alone", async () => {
    class TwiceHub extends Hub {
      go() {}
      Go() {}
    }
    const { host } = buildHost({ connectionCount: 0 }, { createHubHost: undefined as never });
    host.mapHub("/twice", TwiceHub);
    host.mapHub("/chat", ChatHub);
    await expect(host.started()).rejects.toThrow(/Duplicate definitions of 'Go'/i);
    expect(await ask(host, "/twice/negotiate")).toMatchObject({
      status: 500,
      headers: { "x-signalr-error": "HUB_INVALID" },
    });
    expect((await ask(host)).status).toBe(200);
    expect(host.health()).toMatchObject({
      status: "degraded",
      hubs: [
        { hub: "twicehub", status: "unhealthy" },
        { hub: "chathub", status: "healthy" },
      ],
    });
    await host.shutdown();
  });

  test("other hub options for a class that is mapped already are a start error; the first path goes on", async () => {
    const { host, stubs } = buildHost();
    host.mapHub("/chat", ChatHub);
    host.mapHub("/talk", ChatHub, { enableDetailedErrors: true });
    await expect(host.started()).rejects.toThrow(/one class is one hub/);
    await nextTurn();
    stubs[0]?.open();
    expect((await ask(host, "/chat/negotiate")).status).toBe(200);
    expect(await ask(host, "/talk/negotiate")).toMatchObject({
      status: 500,
      headers: { "x-signalr-error": "HUB_INVALID" },
    });
    expect(host.health().status).toBe("degraded");
  });

  test("is said as a warning of the process when nobody reads the log and nobody awaits started()", async () => {
    const { host } = buildHost({ connectionString: "" }, { probe: silentProbe });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    await ask(host);
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(warnings).toHaveBeenCalledWith(expect.any(String), {
      type: "AzureSignalRWarning",
      code: "CONNECTION_STRING_MISSING",
    });
  });

  test("is not said twice to somebody who awaits started()", async () => {
    const { host } = buildHost({ connectionString: "" }, { probe: silentProbe });
    host.mapHub("/chat", ChatHub);
    await expect(host.started()).rejects.toThrow();
    await nextTurn();
    expect(warnings).not.toHaveBeenCalled();
  });

  test("what is odd but works is a warning in the log", async () => {
    const probe = new RecordingProbe();
    const values = { Azure: { SignalR: { signalr: { ConectionCount: 3 } } } };
    const { host, stubs } = buildHost({ configuration: { values } }, { probe });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    expect(stubs).toHaveLength(1);
    expect(probe.records).toEqual([expect.objectContaining({ level: "warn", event: "ConfigurationWarning" })]);
  });

  test("settings come from the folder that is given", async () => {
    const folder = mkdtempSync(join(tmpdir(), "signalr-host-"));
    try {
      writeFileSync(
        join(folder, "appsettings.json"),
        JSON.stringify({ ConnectionStrings: { signalr: connectionString } }),
      );
      const { host, stubs } = buildHost({ connectionString: undefined as never, configuration: { folder } });
      host.mapHub("/chat", ChatHub);
      await nextTurn();
      expect(stubs[0]?.parts.settings.endpoints[0]?.endpoint).toBe("http://localhost:9");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("requests", () => {
  test("only negotiate endpoints of mapped hubs are served, and never OPTIONS", () => {
    const { host } = buildHost();
    host.mapHub("/chat", ChatHub);
    expect(host.serves("POST", "/Chat/negotiate/")).toBe(true);
    expect(host.serves("GET", "/chat/negotiate")).toBe(true);
    expect(host.serves("OPTIONS", "/chat/negotiate")).toBe(false);
    expect(host.serves("POST", "/chat")).toBe(false);
    expect(host.serves("POST", "/room/negotiate")).toBe(false);
  });

  test("a path that is not mapped is 404 when it is asked anyway", async () => {
    expect((await ask(buildHost().host, "/nothing/negotiate")).status).toBe(404);
  });

  test("the first negotiate starts the hub without waiting for the next turn", async () => {
    const { host, stubs } = buildHost();
    host.mapHub("/chat", ChatHub);
    const answer = ask(host);
    expect((await answer).status).toBe(503);
    expect(stubs).toHaveLength(1);
  });
});

describe("context", () => {
  test("can be had before the hub runs, and what it sends then is sent first", async () => {
    const { host, stubs } = buildHost();
    host.mapHub("/chat", ChatHub);
    const early = host.context(ChatHub);
    const sent = early.clients.all.send("first");
    await nextTurn();
    await sent;
    await early.clients.all.send("second");
    await host.context(ChatHub).clients.all.send("third");
    expect(stubs[0]?.sent).toEqual(["first", "second", "third"]);
  });

  test("of a hub that is not mapped is refused", () => {
    expect(() => buildHost().host.context(ChatHub)).toThrow(expect.objectContaining({ code: "HUB_INVALID" }));
  });

  test("tells why nothing can be sent", async () => {
    const { host } = buildHost({ connectionString: "" });
    host.mapHub("/chat", ChatHub);
    await expect(host.context(ChatHub).clients.all.send("first")).rejects.toMatchObject({
      code: "CONNECTION_STRING_MISSING",
    });
  });
});

describe("shutdown", () => {
  test("stops every hub once, refuses new clients and new hubs", async () => {
    const { host, stubs } = buildHost();
    host.mapHub("/chat", ChatHub);
    host.mapHub("/room", RoomHub);
    await nextTurn();
    stubs[0]?.open();
    expect((await ask(host)).status).toBe(200);
    const ended = host.shutdown();
    expect(host.shutdown()).toBe(ended);
    expect(await ask(host)).toMatchObject({
      status: 503,
      headers: { "x-signalr-error": "STOPPED", "Retry-After": "2" },
    });
    await ended;
    expect(stubs.map(({ calls }) => calls)).toEqual([
      ["start", "stop"],
      ["start", "stop"],
    ]);
    await expect(host.started()).rejects.toMatchObject({ code: "STOPPED" });
    expect(() => host.mapHub("/late", class LateHub extends Hub {})).toThrow(
      expect.objectContaining({ code: "STOPPED" }),
    );
  });

  test("a negotiate that was under way gets no token any more", async () => {
    let answerClaims: (claims: null) => void = () => {};
    let isAsked: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const { host, stubs } = buildHost({
      claimsProvider: () => {
        isAsked();
        return new Promise<null>((resolve) => {
          answerClaims = resolve;
        });
      },
    });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    stubs[0]?.open();
    const answer = ask(host, "/chat/negotiate");
    await asked;
    const stopping = host.shutdown();
    answerClaims(null);
    expect(await answer).toMatchObject({ status: 503, headers: { "x-signalr-error": "STOPPED" } });
    await stopping;
  });

  test("before the next turn: nothing ever starts", async () => {
    const { host, stubs } = buildHost();
    host.mapHub("/chat", ChatHub);
    const waiting = host.context(ChatHub).clients.all.send("never");
    const refused = expect(waiting).rejects.toMatchObject({ code: "STOPPED" });
    await host.shutdown();
    await nextTurn();
    await refused;
    expect(stubs).toEqual([]);
  });

  test("of a service that could not start resolves", async () => {
    const { host } = buildHost({ connectionString: "" });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    await expect(host.shutdown()).resolves.toBeUndefined();
  });

  test("resolves and is told to the log when a hub cannot be stopped", async () => {
    const probe = new RecordingProbe();
    const { host, stubs } = buildHost({}, { probe });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    const [stub] = stubs;
    if (stub !== undefined) stub.stop = () => Promise.reject(new SignalRError("CONNECTION_LOST", "cannot stop"));
    await host.shutdown();
    expect(probe.events()).toContain("StopFailed");
  });
});

describe("a door that decides when to start and to end", () => {
  test("starts nothing until it is told, and waits for settings but not for connections", async () => {
    const { host, stubs } = buildHost({}, { startsByItself: false });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    expect(stubs).toEqual([]);
    await host.open();
    expect(stubs.map(({ calls, isOnline }) => [calls, isOnline])).toEqual([[["start"], false]]);
  });

  test("learns from open() that the settings are wrong, or that all is over", async () => {
    const { host } = buildHost({ connectionString: "" }, { startsByItself: false });
    host.mapHub("/chat", ChatHub);
    await expect(host.open()).rejects.toMatchObject({ code: "CONNECTION_STRING_MISSING" });
    await host.shutdown();
    await expect(host.open()).rejects.toMatchObject({ code: "STOPPED" });
  });

  test("sees clients off first, while what is sent still goes out, and closes later", async () => {
    const { host, stubs } = buildHost();
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    stubs[0]?.open();
    const drained = host.drain();
    expect(host.drain()).toBe(drained);
    await drained;
    expect(await ask(host)).toMatchObject({ status: 503, headers: { "x-signalr-error": "STOPPED" } });
    await host.context(ChatHub).clients.all.send("last");
    expect(stubs.map(({ calls, sent }) => [calls, sent])).toEqual([[["start", "drain"], ["last"]]]);
    await host.shutdown();
    expect(stubs[0]?.calls).toEqual(["start", "drain", "stop"]);
  });
});

test.each([{ claimsProvider: 5 }, { userIdProvider: {} }])(
  "options that are no callbacks are refused at once: %o",
  (wrong) => {
    expect(() => buildHost(wrong as object)).toThrow(/must be a function/);
  },
);
