import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { SignalRError } from "../base/errors.js";
import { loadSettings } from "./load.js";
import type { ServiceOptions } from "./options.js";

const SECRET = "Zm9y/YmlkZGVuLWtleS1vZi10aGUtdGVzdA==";
const TEXT = `Endpoint=https://demo;AccessKey=${SECRET};Version=1.0;`;

function errorOf(options: unknown, values: object = {}, env: Record<string, string> = {}): SignalRError {
  try {
    loadSettings("signalr", options as ServiceOptions, { env, values, warn: () => {} });
  } catch (error) {
    if (error instanceof SignalRError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const section = (values: object): object => ({ Azure: { SignalR: { signalr: values } } });

describe("a wrong value", () => {
  test.each([
    ["ServiceMode", "Classic", '"Classic"', "Default or Serverless; Classic, where"],
    ["ServiceMode", "Other", '"Other"', "Default or Serverless"],
    ["ConnectionCount", "five", '"five"', "a whole number of at least 0"],
    ["ConnectionCount", "5 apples", '"5 apples"', "a whole number of at least 0"],
    ["ConnectionCount", "", "an empty text", "a whole number of at least 0"],
    ["ConnectionCount", 1.5, '"1.5"', "a whole number of at least 0"],
    ["InitialHubServerConnectionCount", -1, '"-1"', "a whole number of at least 0"],
    ["MaxHubServerConnectionCount", 4, '"4"', "a whole number >= 5"],
    ["ApplicationName", "1shop", '"1shop"', "prefixed with alphabetic characters"],
    ["AccessTokenLifetimeInSeconds", "01:00:00", '"01:00:00"', "a whole number of seconds from 1 to "],
    ["AccessTokenLifetimeInSeconds", 0, '"0"', "a whole number of seconds from 1 to "],
    ["AccessTokenAlgorithm", "none", '"none"', "HS256 or HS512"],
    ["ServerStickyMode", true, '"true"', "Disabled or Preferred or Required"],
    ["GracefulShutdown:Mode", "Soon", '"Soon"', "Off or WaitForClientsClose or MigrateClients"],
    ["GracefulShutdown:TimeoutInSeconds", 2_147_484, '"2147484"', "from 0 to 2147483"],
    ["MaxPollIntervalInSeconds", 301, '"301"', "a whole number from 1 to 300, or nothing"],
    ["Hub:EnableDetailedErrors", "yes", '"yes"', "true or false"],
    ["Hub:SupportedProtocols", "json, xml", '"json, xml"', "a list of json or messagepack"],
    ["Hub:MaximumReceiveMessageSize", "64KB", '"64KB"', "or null for no limit"],
  ])("%s = %j is told with key, source, finding and rule", (key, value, found, allowed) => {
    const error = errorOf({ connectionString: TEXT }, section({ [key]: value }));
    expect(error.code).toBe("CONFIG_INVALID");
    const start = `Azure:SignalR:signalr:${key} (configuration.values): found ${found}; allowed is `;
    expect(error.message.startsWith(start)).toBe(true);
    expect(error.message.slice(start.length)).toContain(allowed);
    expect(error.message).not.toContain("\n");
  });

  test.each([
    [{ connectionCount: "5" }, 'connectionCount (code): found "5"; allowed is a whole number of at least 0'],
    [{ initialHubServerConnectionCount: Number.NaN }, "initialHubServerConnectionCount (code): found NaN"],
    [{ connectionCount: null }, null],
    [
      { accessTokenLifetime: 999 },
      "accessTokenLifetime (code): found 999; allowed is a whole number of milliseconds from 1000",
    ],
    [{ serverStickyMode: 2 }, "serverStickyMode (code): found 2; allowed is Disabled or"],
    [{ applicationName: {} }, "applicationName (code): found an object"],
    [{ gracefulShutdown: "Off" }, 'gracefulShutdown (code): found "Off"; allowed is an object'],
    [{ gracefulShutdown: { mode: () => {} } }, "gracefulShutdown.mode (code): found a function"],
    [
      { maxHubServerConnectionCount: 2, connectionCount: 3 },
      "maxHubServerConnectionCount (code): found 2; allowed is a whole number >= 3",
    ],
    [{ endpoints: "x" }, "endpoints (code): it must be an array"],
    [{ endpoints: [7] }, "endpoints[0] (code): it must be a connection string"],
    [{ endpoints: [{ endpoint: "ftp://x" }] }, "endpoints[0] (code): Endpoint scheme must be 'http://' or 'https://'"],
  ])("in code, %j, is told by the option's name", (options, line) => {
    const given = { connectionString: TEXT, ...options };
    if (line === null) {
      expect(() => errorOf(given)).toThrow("nothing was refused");
      return;
    }
    expect(errorOf(given).message.startsWith(line)).toBe(true);
  });

  test("names the environment variable", () => {
    const error = errorOf({ connectionString: TEXT }, {}, { azure__SIGNALR__signalr__connectionCOUNT: "x" });
    expect(error.message).toMatch(
      /^azure:SIGNALR:signalr:connectionCOUNT \(environment variable azure__SIGNALR__signalr__connectionCOUNT\): /,
    );
  });
});

test("several mistakes are one error, a line each", () => {
  const error = errorOf(
    { accessTokenLifetime: -1 },
    {
      ...section({ ConnectionCount: "x", ServiceMode: "y", Hub: { HandshakeTimeout: 0 } }),
      ConnectionStrings: { signalr: "z" },
    },
  );
  expect(error.code).toBe("CONFIG_INVALID");
  const [head, ...lines] = error.message.split("\n");
  expect(head).toBe('The settings of "signalr" have 5 mistakes:');
  expect(lines).toHaveLength(5);
  expect(lines.every((line) => line.startsWith("- "))).toBe(true);
});

describe("no secret appears", () => {
  const wrongPlaces = [
    "ServiceMode",
    "ConnectionCount",
    "MaxHubServerConnectionCount",
    "ApplicationName",
    "AccessTokenLifetimeInSeconds",
    "AccessTokenAlgorithm",
    "ServerStickyMode",
    "GracefulShutdown:Mode",
    "GracefulShutdown:TimeoutInSeconds",
    "ServiceScaleTimeoutInSeconds",
    "MaxPollIntervalInSeconds",
    "Hub:EnableDetailedErrors",
    "Hub:SupportedProtocols",
  ];
  const wrongStrings = [
    `Endpoint=x;AccessKey=${SECRET}`,
    `AccessKey=${SECRET}`,
    `AccessKey=${SECRET};Version=1.0`,
    `Endpoint=https://a;AccessKey=${SECRET};Version=2.0`,
    `Endpoint=https://a;AccessKey=${SECRET};Port=0`,
    `Endpoint=https://a;Version=1.0AccessKey=${SECRET}`,
    `Endpoint=https://a;AccessKey=a;${SECRET}=1;${SECRET}=2`,
    `Endpoint=https://a;AccessKey=${SECRET};AccessKey=${SECRET}`,
    `Endpoint=${SECRET};AccessKey=${SECRET}`,
    `Endpoint=https://a;ClientEndpoint=${SECRET};AccessKey=${SECRET}`,
    `Endpoint=https://a;AuthType=azure.app;ClientSecret=${SECRET}`,
    SECRET,
  ];
  const cases: Array<readonly [name: string, error: SignalRError]> = [
    ...wrongPlaces.flatMap((key) => [
      [`the key as ${key}`, errorOf({ connectionString: TEXT }, section({ [key]: SECRET }))] as const,
      [`the connection string as ${key}`, errorOf({ connectionString: TEXT }, section({ [key]: TEXT }))] as const,
    ]),
    ...wrongStrings.flatMap((text) => [
      ["a wrong string in code", errorOf({ connectionString: text })] as const,
      ["a wrong string in a file", errorOf({}, { ConnectionStrings: { signalr: text } })] as const,
      ["a wrong string in the environment", errorOf({}, {}, { ConnectionStrings__signalr: text })] as const,
      ["a wrong endpoint", errorOf({ endpoints: [text] })] as const,
    ]),
    ["the connection string as a mode in code", errorOf({ connectionString: TEXT, serviceMode: TEXT })],
    ["only secondary endpoints", errorOf({ endpoints: [{ connectionString: TEXT, type: "secondary" }] })],
  ];

  test.each(cases)("%s", (_name, error) => {
    const shown: string[] = [];
    for (let cause: unknown = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
      shown.push(String(cause), JSON.stringify(cause), inspect(cause, { depth: 9, showHidden: true }));
      if (cause instanceof Error) shown.push(cause.message, cause.stack ?? "");
    }
    expect(shown.join("\n")).not.toContain(SECRET);
    expect(shown.join("\n")).not.toContain(SECRET.slice(0, 12));
  });

  test("in settings that are right", () => {
    const settings = loadSettings("signalr", { connectionString: TEXT }, { env: {}, values: {}, warn: () => {} });
    const shown = `${JSON.stringify(settings)}${inspect(settings, { depth: 9, showHidden: true })}${String(settings)}`;
    expect(shown).not.toContain(SECRET);
    const [endpoint] = settings.endpoints;
    expect(endpoint?.credential.kind === "accessKey" && endpoint.credential.accessKey.reveal()).toBe(SECRET);
  });
});
