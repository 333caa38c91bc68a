import { describe, expect, test } from "vitest";
import { buildHost, KEY, nextTurn } from "../../test/support/named-host.js";
import { Hub } from "../hub/hub.js";

class ChatHub extends Hub {}
class RoomHub extends Hub {}

describe("health", () => {
  const answering =
    (status: number): typeof fetch =>
    async () =>
      new Response(null, { status });

  test("is healthy, degraded or unhealthy by the connections of the hubs", async () => {
    const { host, stubs } = buildHost();
    host.mapHub("/chat", ChatHub);
    host.mapHub("/room", RoomHub);
    expect(host.health()).toMatchObject({ status: "unhealthy", endpoints: [] });
    expect(host.healthAnswer().status).toBe(503);
    await nextTurn();
    const [chat, room] = stubs;
    chat?.open();
    expect(host.health()).toEqual({
      status: "degraded",
      hubs: [
        { hub: "chathub", paths: ["/chat"], status: "healthy", clients: 0 },
        { hub: "roomhub", paths: ["/room"], status: "unhealthy", clients: 0 },
      ],
      endpoints: [
        { name: "primary", type: "primary", url: "https://primary.example", status: "degraded" },
        { name: "secondary", type: "secondary", url: "https://secondary.example", status: "unhealthy" },
      ],
    });
    expect(host.healthAnswer().status).toBe(200);
    room?.open();
    if (room !== undefined) room.clientCount = 3;
    expect(host.health()).toMatchObject({ status: "healthy", hubs: [{}, { clients: 3 }] });
    if (room !== undefined) room.online = "secondary";
    expect(host.health()).toMatchObject({ status: "degraded", hubs: [{}, { status: "degraded" }] });
    await host.shutdown();
    expect(host.health().status).toBe("unhealthy");
  });

  test("without hubs a service is healthy until it cannot be", async () => {
    expect(buildHost().host.health()).toEqual({ status: "healthy", hubs: [], endpoints: [] });
  });

  test("probe() asks the service: HEAD /api/health without a token", async () => {
    const asked: unknown[] = [];
    const fetchUrl: typeof fetch = async (url, init) => {
      asked.push([String(url), init?.method, init?.headers]);
      return new Response(null);
    };
    const { host, stubs } = buildHost({}, { fetchUrl });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    stubs[0]?.open();
    expect(await host.probe()).toMatchObject({ status: "healthy", endpoints: [{ status: "healthy" }] });
    expect(asked).toEqual([["http://localhost:9/api/health", "HEAD", undefined]]);
  });

  test.each([
    ["answers with 503", answering(503)],
    ["answers with a redirect", answering(302)],
    ["cannot be reached", () => Promise.reject(new Error("refused"))],
  ])("probe() is unhealthy when the service %s, whatever is connected", async (_name, fetchUrl) => {
    const { host, stubs } = buildHost({}, { fetchUrl });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    stubs[0]?.open();
    expect(host.health().status).toBe("healthy");
    expect(await host.probe()).toMatchObject({ status: "unhealthy", endpoints: [{ status: "unhealthy" }] });
  });

  test("probe() is degraded when one of two endpoints does not answer", async () => {
    const fetchUrl: typeof fetch = async (url) =>
      new Response(null, { status: String(url).includes("one") ? 200 : 500 });
    const endpoints = [
      `Endpoint=https://one.example;AccessKey=${KEY}`,
      `Endpoint=https://two.example;AccessKey=${KEY}`,
    ];
    const { host, stubs } = buildHost({ connectionString: undefined as never, endpoints }, { fetchUrl });
    host.mapHub("/chat", ChatHub);
    await nextTurn();
    stubs[0]?.open();
    const report = await host.probe();
    expect(report.status).toBe("degraded");
    expect(report.endpoints.map(({ status }) => status)).toEqual(["healthy", "unhealthy"]);
    expect(JSON.stringify(report)).not.toContain(KEY);
  });
});
