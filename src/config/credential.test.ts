import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { EndpointCredential } from "./endpoint.js";
import { type EndpointOptions, loadSettings } from "./load.js";
import type { ServiceOptions } from "./options.js";
import { createEndpoint } from "./service-endpoint.js";

const identity = (name: string) => ({ name, getToken: async () => null });
const AZURE = "Endpoint=https://demo;AuthType=azure";

function load(options: ServiceOptions & EndpointOptions) {
  return loadSettings("signalr", options, { env: {}, values: {}, warn: () => {} }).endpoints;
}

function given(credential: EndpointCredential | undefined): unknown {
  return credential?.kind === "entra" && credential.credential === "given" ? credential.tokenCredential() : undefined;
}

describe("a credential in code", () => {
  test("is the one of an endpoint that is given by address", () => {
    const own = identity("own");
    expect(given(createEndpoint({ endpoint: "https://a", credential: own }).credential)).toBe(own);
  });

  test("wins over the AuthType of a connection string", () => {
    const own = identity("own");
    for (const connectionString of [AZURE, "Endpoint=https://demo;AuthType=azure.msi;ClientId=x"]) {
      expect(given(createEndpoint({ connectionString, credential: own }).credential)).toBe(own);
      expect(given(load({ connectionString, credential: own })[0]?.credential)).toBe(own);
    }
  });

  test("beside an access key of the same endpoint is refused", () => {
    const input = { connectionString: "Endpoint=https://a;AccessKey=hide-me", credential: identity("own") };
    expect(() => createEndpoint(input)).toThrow(/an access key and a credential; give one/);
  });

  test("of the service leaves access keys and credentials of single endpoints alone", () => {
    const [own, all] = [identity("own"), identity("all")];
    const endpoints = load({
      credential: all,
      endpoints: [
        { endpoint: "https://a", credential: own },
        "Endpoint=https://b;AccessKey=k",
        { endpoint: "https://c" },
        "Endpoint=https://d;AuthType=azure",
      ],
    });
    expect(endpoints.map((endpoint) => given(endpoint.credential))).toEqual([own, undefined, all, all]);
    expect(endpoints[1]?.credential.kind).toBe("accessKey");
  });

  test("that gives no tokens is refused", () => {
    const wrong = { token: "x" } as never;
    expect(() => createEndpoint({ endpoint: "https://a", credential: wrong })).toThrow(/must be a TokenCredential/);
    expect(() => load({ connectionString: AZURE, credential: wrong })).toThrow(
      /credential \(code\): .*getToken\(\), such as/,
    );
  });

  test("is not printed with its endpoint", () => {
    const credential = Object.assign(identity("own"), { secret: "never-print-me" });
    const endpoint = createEndpoint({ endpoint: "https://a", credential });
    expect(inspect(endpoint, { depth: 9 }) + JSON.stringify(endpoint)).not.toContain("never-print-me");
  });
});
