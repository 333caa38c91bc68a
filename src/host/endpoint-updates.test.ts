import { expect, test, vi } from "vitest";
import { ask, buildHost, KEY, nextTurn } from "../../test/support/named-host.js";
import { RecordingProbe } from "../../test/support/recording-probe.js";
import { Hub } from "../hub/hub.js";
import type { SignalROptions } from "./signalr.js";

class ChatHub extends Hub {}
class LateHub extends Hub {}

const at = (name: string) => `Endpoint=https://${name}.example;AccessKey=${KEY}`;

async function running(options: SignalROptions<object> = {}) {
  const probe = new RecordingProbe();
  const built = buildHost(options, { probe });
  built.host.mapHub("/chat", ChatHub);
  await nextTurn();
  built.stubs[0]?.open();
  return { ...built, probe };
}

test("a list replaces all endpoints, those of the connection string too; hubs that start later begin with it", async () => {
  const { host, stubs, probe } = await running();
  await host.updateEndpoints([at("a"), { connectionString: at("b"), name: "b", type: "secondary" }]);
  expect(stubs[0]?.updates).toEqual([["https://a.example", "https://b.example"]]);
  host.mapHub("/late", LateHub);
  await nextTurn();
  expect(stubs[1]?.parts.settings.endpoints.map(({ endpoint }) => endpoint)).toEqual([
    "https://a.example",
    "https://b.example",
  ]);
  const events = probe.records.filter(({ category }) => category.endsWith(".ServiceEndpointManager"));
  expect(events.map(({ level, event }) => `${level} ${event}`)).toEqual([
    "debug DetectConfigurationChanges",
    "debug StartAddingEndpoint",
    "debug StartAddingEndpoint",
    "debug StartRemovingEndpoint",
    "info SucceedAddingEndpoint",
    "info SucceedAddingEndpoint",
    "info SucceedRemovingEndpoint",
  ]);
});

test("without a list the settings are read again, with what code says over them", async () => {
  const values = { ConnectionStrings: { signalr: at("old") } };
  const { host, stubs } = await running({ connectionString: undefined as never, configuration: { values } });
  values.ConnectionStrings.signalr = at("new");
  await host.updateEndpoints();
  await host.updateEndpoints([at("given")]);
  await host.updateEndpoints();
  expect(stubs[0]?.updates).toEqual([["https://new.example"], ["https://given.example"], ["https://new.example"]]);
});

test("another name is told, and is no other endpoint", async () => {
  const { host, probe } = await running({ connectionString: "", endpoints: [at("a")] });
  await host.updateEndpoints([{ connectionString: at("a"), name: "new" }]);
  expect(probe.of("StartRenamingEndpoint")).toHaveLength(1);
  expect(probe.of("StartAddingEndpoint")).toEqual([]);
});

test("no endpoint, a wrong one, or only secondary ones: nothing changes, and no rejection is unhandled", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  const { host, stubs, probe } = await running();
  await host.updateEndpoints([]);
  void host.updateEndpoints(["Endpoint=x;AccessKey=y"]);
  await expect(host.updateEndpoints([{ connectionString: at("a"), type: "secondary" }])).rejects.toThrow(/No primary/);
  await expect(host.updateEndpoints("a" as never)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await nextTurn();
  process.off("unhandledRejection", unhandled);
  expect(stubs[0]?.updates).toEqual([]);
  expect(probe.of("ReloadEndpointsError")).toHaveLength(4);
  expect(JSON.stringify(probe.records)).not.toContain(KEY);
  expect(unhandled).not.toHaveBeenCalled();
});

test("updates run one after the other", async () => {
  const { host, stubs } = await running();
  let release: () => void = () => {};
  const container = stubs[0]?.container;
  if (container === undefined) throw new Error("no hub was started");
  const update = vi.spyOn(container, "update").mockImplementationOnce(
    () =>
      new Promise((resolve) => {
        release = resolve;
      }),
  );
  const first = host.updateEndpoints([at("a")]);
  const second = host.updateEndpoints([at("b")]);
  await nextTurn();
  expect(update).toHaveBeenCalledTimes(1);
  release();
  await Promise.all([first, second]);
  expect(update).toHaveBeenCalledTimes(2);
});

test("after a shutdown there are no updates, and settings that cannot be used fail them too", async () => {
  const { host } = await running();
  await host.shutdown();
  await expect(host.updateEndpoints([at("a")])).rejects.toMatchObject({ code: "STOPPED" });
  const { host: broken } = buildHost({ connectionString: "nonsense" });
  await expect(broken.updateEndpoints([at("a")])).rejects.toMatchObject({ code: "CONNECTION_STRING_INVALID" });
});

test("a token tells how many endpoints there are now", async () => {
  const { host } = await running();
  const secn = async () => {
    const { accessToken } = JSON.parse((await ask(host)).body) as { accessToken: string };
    const claims = JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()) as object;
    return "asrs.s.secn" in claims ? claims["asrs.s.secn"] : undefined;
  };
  expect(await secn()).toBeUndefined();
  await host.updateEndpoints([at("a"), at("b")]);
  expect(await secn()).toBe("2");
});
