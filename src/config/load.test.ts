import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SignalRError } from "../base/errors.js";
import { type EndpointOptions, hasConnectionString, loadSettings } from "./load.js";
import type { ServiceOptions, ServiceSettings } from "./options.js";
import { SERVICE_DEFAULTS } from "./options.js";

const TEXT = "Endpoint=https://demo;AccessKey=k;Version=1.0;";
const connection = (host: string): string => `Endpoint=https://${host};AccessKey=k`;

interface Sources {
  readonly env?: Readonly<Record<string, string>>;
  readonly values?: object;
  readonly options?: ServiceOptions & EndpointOptions;
  readonly folder?: string;
}

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
});

function environmentOf({ env = {}, values = {}, folder }: Sources) {
  const warn = (message: string): void => {
    warnings.push(message);
  };
  return folder === undefined ? { env, values, warn } : { env, folder, warn };
}

function load(sources: Sources): ServiceSettings {
  return loadSettings("signalr", sources.options ?? {}, environmentOf(sources));
}

/** Settings of the section, the connection string given. */
function loadSection(section: object, more: Sources = {}): ServiceSettings {
  const values = { ConnectionStrings: { signalr: TEXT }, Azure: { SignalR: { signalr: section } } };
  return load({ ...more, values });
}

function refusal(run: () => unknown): SignalRError {
  try {
    run();
  } catch (error) {
    if (error instanceof SignalRError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("settings", () => {
  test("have their defaults, are whole and frozen", () => {
    const settings = loadSection({});
    const { endpoints, name, hub, ...rest } = settings;
    expect(rest).toEqual(SERVICE_DEFAULTS);
    expect({ name, hub, count: endpoints.length }).toEqual({ name: "signalr", hub: {}, count: 1 });
    for (const part of [settings, endpoints, endpoints[0], settings.gracefulShutdown, hub]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(warnings).toEqual([]);
  });

  test("are all read from a section, in any case, enum values too", () => {
    const settings = loadSection({
      serviceMODE: "serverless",
      initialHubServerConnectionCount: 3,
      MaxHubServerConnectionCount: "10",
      applicationName: "Shop",
      AccessTokenLifetimeInSeconds: 60,
      AccessTokenAlgorithm: "hs512",
      serverStickyMode: "REQUIRED",
      GracefulShutdown: { Mode: "migrateclients", TimeoutInSeconds: 5 },
      ServiceScaleTimeoutInSeconds: 7,
      MaxPollIntervalInSeconds: 300,
    });
    expect(settings).toMatchObject({
      serviceMode: "Serverless",
      connectionCount: 3,
      maxHubServerConnectionCount: 10,
      applicationName: "Shop",
      accessTokenLifetime: 60_000,
      accessTokenAlgorithm: "HS512",
      serverStickyMode: "Required",
      gracefulShutdown: { mode: "MigrateClients", timeout: 5000 },
      serviceScaleTimeout: 7000,
      maxPollIntervalInSeconds: 300,
    });
    expect(warnings).toEqual([]);
  });

  test("in code are milliseconds and go over all others, member by member", () => {
    const settings = loadSection(
      { AccessTokenLifetimeInSeconds: 60, GracefulShutdown: { Mode: "MigrateClients", TimeoutInSeconds: 5 } },
      { options: { accessTokenLifetime: 90_000, gracefulShutdown: { timeout: 100 } } },
    );
    expect(settings).toMatchObject({
      accessTokenLifetime: 90_000,
      gracefulShutdown: { mode: "MigrateClients", timeout: 100 },
    });
  });

  test("keys with colons in JSON are paths", () => {
    const values = { "connectionstrings:SIGNALR": TEXT, "azure:signalr:SignalR": { "gracefulShutdown:mode": "Off" } };
    expect(load({ values }).endpoints[0]?.endpoint).toBe("https://demo");
  });

  test("a null in a higher source takes back what lower ones say; empty and null maximums are none", () => {
    const options = { maxHubServerConnectionCount: undefined };
    expect(loadSection({ MaxHubServerConnectionCount: null, ServerStickyMode: null }, { options })).toMatchObject({
      maxHubServerConnectionCount: undefined,
      serverStickyMode: "Disabled",
    });
    const env = {
      Azure__SignalR__signalr__MaxHubServerConnectionCount: "",
      Azure__SignalR__signalr__ApplicationName: "",
    };
    expect(loadSection({ MaxHubServerConnectionCount: 9, ApplicationName: "x" }, { env })).toMatchObject({
      maxHubServerConnectionCount: undefined,
      applicationName: undefined,
    });
  });

  test("the connection count has two names: the long one wins in one source, the higher source always", () => {
    expect(loadSection({ ConnectionCount: 2 }).connectionCount).toBe(2);
    expect(loadSection({ ConnectionCount: 2, InitialHubServerConnectionCount: 3 }).connectionCount).toBe(3);
    const env = { Azure__SignalR__signalr__ConnectionCount: "4" };
    expect(loadSection({ InitialHubServerConnectionCount: 3 }, { env }).connectionCount).toBe(4);
    const options = { connectionCount: 6, initialHubServerConnectionCount: 5 };
    expect(loadSection({}, { env, options }).connectionCount).toBe(5);
    expect(loadSection({}, { env, options: { connectionCount: 0 } }).connectionCount).toBe(0);
  });

  test("the application name with a colon at its end, an old spelling, is read first", () => {
    const env = {
      Azure__SignalR__signalr__ApplicationName__: "old",
      Azure__SignalR__signalr__ApplicationName: "new",
    };
    expect(loadSection({}, { env }).applicationName).toBe("old");
    expect(warnings).toEqual([]);
  });

  test("of hubs come as a record of those that were set", () => {
    const { hub } = loadSection(
      {
        Hub: {
          EnableDetailedErrors: true,
          HandshakeTimeout: 5000,
          MaximumReceiveMessageSize: null,
          SupportedProtocols: ["JSON"],
        },
      },
      {
        env: {
          Azure__SignalR__signalr__Hub__JsonBigIntegers: "True",
          Azure__SignalR__signalr__Hub__HandshakeTimeout: "6000",
        },
      },
    );
    expect(hub).toEqual({
      enableDetailedErrors: true,
      handshakeTimeout: 6000,
      maximumReceiveMessageSize: null,
      supportedProtocols: ["json"],
      jsonBigIntegers: true,
    });
    const env = { Azure__SignalR__signalr__Hub__SupportedProtocols: "messagepack, json" };
    expect(loadSection({}, { env }).hub.supportedProtocols).toEqual(["messagepack", "json"]);
    expect(warnings).toEqual([]);
  });

  test("of other services and sections are nobody's business", () => {
    const settings = loadSection(
      {},
      { env: { Azure__SignalR__ConnectionCount: "9", Azure__SignalR__other__ConnectionCount: "x" } },
    );
    expect(settings.connectionCount).toBe(5);
    expect(warnings).toEqual([]);
  });

  test("need a name", () => {
    expect(refusal(() => loadSettings("", {}, environmentOf({})))).toMatchObject({
      code: "ARGUMENT_INVALID",
      message: expect.stringContaining("The value cannot be an empty string.") as string,
    });
  });
});

describe("sources", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "settings-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  const counts = (count: number): string =>
    `\ufeff{ "Azure": { "SignalR": { "signalr": { "ConnectionCount": ${count}, /* ok */ } } } }`;

  test("go over each other: base file, file of the environment, environment, code", () => {
    const options = { connectionString: TEXT };
    expect(load({ folder, options }).connectionCount).toBe(5);
    write("appsettings.json", counts(1));
    expect(load({ folder, options }).connectionCount).toBe(1);
    write("appsettings.test.json", counts(2));
    expect(load({ folder, options }).connectionCount).toBe(1);
    expect(load({ folder, options, env: { NODE_ENV: "test" } }).connectionCount).toBe(2);
    const env = { NODE_ENV: "test", Azure__SignalR__signalr__ConnectionCount: "3" };
    expect(load({ folder, options, env }).connectionCount).toBe(3);
    expect(load({ folder, env, options: { ...options, connectionCount: 4 } }).connectionCount).toBe(4);
  });

  test("an environment's name never leaves the folder", () => {
    write("appsettings.json", counts(1));
    const env = { NODE_ENV: "../../etc/x" };
    expect(load({ folder, options: { connectionString: TEXT }, env }).connectionCount).toBe(1);
  });

  test("a broken file is named, with the place", () => {
    write("appsettings.json", '{\n  "ConnectionStrings": { "signalr": "AccessKey=hide-me" }\n  oops\n}');
    const error = refusal(() => load({ folder }));
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect(error.message).toBe(
      `${join(folder, "appsettings.json")} is not valid JSON at line 3, column 3: expected "," or "}".`,
    );
  });

  test("a file that holds no object, or a folder in its place, is named", () => {
    write("appsettings.json", "[]");
    expect(refusal(() => load({ folder })).message).toContain("must hold one JSON object");
    const missing = join(folder, "nowhere");
    expect(refusal(() => load({ folder: missing })).message).toBe(`configuration.folder: ${missing} is not a folder.`);
  });

  test("values in circles are refused", () => {
    const values: Record<string, unknown> = {};
    values["again"] = values;
    expect(refusal(() => load({ values })).message).toContain("in a circle");
  });
});

describe("connection strings", () => {
  const own = "Azure:SignalR:signalr:ConnectionString";
  const first = (sources: Sources): string | undefined => load(sources).endpoints[0]?.endpoint;

  test("are looked up in a fixed order of keys, code above all", () => {
    const values: Record<string, string> = { [`ConnectionStrings:${own}`]: connection("third") };
    expect(first({ values })).toBe("https://third");
    values[own] = connection("second");
    expect(first({ values })).toBe("https://second");
    values["ConnectionStrings:signalr"] = connection("first");
    expect(first({ values })).toBe("https://first");
    // The order of keys counts more than the order of sources.
    expect(first({ values, env: { [own.replaceAll(":", "__")]: connection("env") } })).toBe("https://first");
    expect(first({ values, env: { ConnectionStrings__signalr: connection("env") } })).toBe("https://env");
    expect(first({ values, options: { connectionString: connection("code") } })).toBe("https://code");
  });

  test.each(["CUSTOMCONNSTR_", "SQLCONNSTR_", "SQLAZURECONNSTR_", "MYSQLCONNSTR_", "customconnstr_"])(
    "come from App Service as %s",
    (prefix) => {
      expect(first({ env: { [`${prefix}signalr`]: TEXT } })).toBe("https://demo");
      expect(first({ env: { [`${prefix}Azure__SignalR__signalr__ConnectionString`]: TEXT } })).toBe("https://demo");
      expect(first({ env: { ConnectionStrings__signalr: connection("own"), [`${prefix}signalr`]: TEXT } })).toBe(
        "https://own",
      );
    },
  );

  test("a service never falls back to the nameless section", () => {
    const error = refusal(() => load({ values: { "Azure:SignalR:ConnectionString": TEXT } }));
    expect(error.code).toBe("CONNECTION_STRING_MISSING");
    for (const key of [
      "ConnectionStrings:signalr",
      own,
      `ConnectionStrings:${own}`,
      "ConnectionStrings__signalr",
      "connectionString",
    ]) {
      expect(error.message).toContain(key);
    }
  });

  test("an empty one is a hit, and then none", () => {
    const env = { ConnectionStrings__signalr: "" };
    const error = refusal(() => load({ env, values: { [own]: TEXT } }));
    expect(error.code).toBe("CONNECTION_STRING_MISSING");
    expect(error.message).toContain(
      "ConnectionStrings:signalr (environment variable ConnectionStrings__signalr) is empty",
    );
    expect(refusal(() => load({ options: { connectionString: "" } })).message).toContain(
      "connectionString (code) is empty",
    );
  });

  test("a wrong one is told with key and source", () => {
    const env = { ConnectionStrings__signalr: "Endpoint=hide-me;AccessKey=hide-me" };
    const error = refusal(() => load({ env }));
    expect(error.code).toBe("CONNECTION_STRING_INVALID");
    expect(error.message).toMatch(
      /^ConnectionStrings:signalr \(environment variable ConnectionStrings__signalr\): Invalid value for endpoint/,
    );
  });

  test("name endpoints below their key, beside the nameless one", () => {
    const env = {
      Azure__SignalR__signalr__ConnectionString: connection("main"),
      Azure__SignalR__signalr__ConnectionString__east: connection("east"),
      Azure__SignalR__signalr__ConnectionString__west__secondary: connection("west"),
      Azure__SignalR__signalr__ConnectionString__secondary: connection("named-secondary"),
      Azure__SignalR__signalr__ConnectionString__none: "",
    };
    const endpoints = load({ env }).endpoints.map(({ name, type, endpoint }) => [name, type, endpoint]);
    expect(endpoints).toEqual([
      ["", "primary", "https://main"],
      ["east", "primary", "https://east"],
      ["secondary", "primary", "https://named-secondary"],
      ["west", "secondary", "https://west"],
    ]);
    expect(warnings).toEqual([]);
  });

  test("below ConnectionStrings count only when there are none in the section, and never below the plain name", () => {
    const values = {
      ConnectionStrings: { [`${own}:a`]: connection("a"), "signalr:b": connection("b") },
    };
    expect(load({ values }).endpoints.map(({ name }) => name)).toEqual(["a"]);
    expect(load({ values: { ...values, [`${own}:c`]: connection("c") } }).endpoints.map(({ name }) => name)).toEqual([
      "c",
    ]);
  });

  test("in code are texts, objects and addresses, in place of the named ones of other sources", () => {
    const options: ServiceOptions & EndpointOptions = {
      connectionString: connection("main"),
      endpoints: [
        { connectionString: connection("west"), key: "west:secondary" },
        connection("plain"),
        { endpoint: "https://entra", name: "entra" },
      ],
    };
    const { endpoints } = load({ options, values: { [`${own}:c`]: connection("c") } });
    expect(endpoints.map(({ endpoint }) => endpoint)).toEqual([
      "https://main",
      "https://plain",
      "https://entra",
      "https://west",
    ]);
    expect(load({ options: { endpoints: [...endpoints] } }).endpoints).toEqual(endpoints);
  });

  test("with the same address are one endpoint, primary if any is, and a warning", () => {
    const options: EndpointOptions = {
      endpoints: [
        { connectionString: connection("a"), key: "x:secondary" },
        { connectionString: connection("A"), name: "y" },
      ],
    };
    expect(load({ options }).endpoints).toMatchObject([{ name: "y", type: "primary" }]);
    expect(warnings).toEqual(["[x](Secondary)https://a has the address of [y](Primary)https://a and is not used."]);
  });

  test("need a primary endpoint", () => {
    const options = { endpoints: [{ connectionString: connection("a"), type: "secondary" as const }] };
    expect(refusal(() => load({ options })).message).toContain("No primary endpoint defined.");
  });

  test("are asked for by those who would start an emulator", () => {
    const has = (sources: Sources): boolean =>
      hasConnectionString("signalr", sources.options ?? {}, environmentOf(sources));
    expect(has({})).toBe(false);
    expect(has({ env: { ConnectionStrings__signalr: "" } })).toBe(false);
    expect(has({ env: { ConnectionStrings__signalr: "wrong" } })).toBe(true);
    expect(has({ options: { connectionString: " " } })).toBe(false);
    expect(has({ options: { connectionString: TEXT } })).toBe(true);
    expect(has({ options: { endpoints: [TEXT] } })).toBe(true);
    expect(has({ values: { [`${own}:east`]: TEXT } })).toBe(true);
    expect(has({ values: { "ConnectionStrings:other": TEXT } })).toBe(false);
  });
});

describe("unknown keys", () => {
  test.each([
    [{ ConectionCount: 3 }, "ConectionCount", "ConnectionCount"],
    [{ AccessTokenLifetime: 3 }, "AccessTokenLifetime", "AccessTokenLifetimeInSeconds"],
    [{ Timeout: 3, GracefulShutdown: { Timeout: 3 } }, "GracefulShutdown:Timeout", "GracefulShutdown:TimeoutInSeconds"],
    [{ EnableDetailedErrors: true }, "EnableDetailedErrors", "Hub:EnableDetailedErrors"],
    [{ Hub: { HandshakeTimeoutInSeconds: 3 } }, "Hub:HandshakeTimeoutInSeconds", "Hub:HandshakeTimeout"],
    [{ StickyMode: "Required" }, "StickyMode", "ServerStickyMode"],
  ])("%j is warned of, with what looks like it", (section, key, suggestion) => {
    loadSection(section);
    const [prefix, ending] = [
      `Azure:SignalR:signalr:${key} (configuration.values) `,
      `did you mean Azure:SignalR:signalr:${suggestion}?`,
    ];
    expect(warnings.some((warning) => warning.startsWith(prefix) && warning.endsWith(ending))).toBe(true);
  });

  test("a connection string in place of the section is warned of without showing it", () => {
    load({ values: { "Azure:SignalR:signalr": "AccessKey=hide-me" }, options: { connectionString: TEXT } });
    expect(warnings.join()).toContain("Azure:SignalR:signalr:ConnectionString");
    expect(warnings.join()).not.toContain("hide-me");
  });
});
