import { describe, expect, test } from "vitest";
import { createEndpoint, endpointLabel } from "./service-endpoint.js";

describe("endpoints", () => {
  test("are nameless and primary unless something else is said", () => {
    const endpoint = createEndpoint({ connectionString: "Endpoint=https://a;AccessKey=k" });
    expect(endpoint).toMatchObject({ name: "", type: "primary", endpoint: "https://a" });
    expect(Object.isFrozen(endpoint)).toBe(true);
  });

  test("given by address work with the process's identity, the path dropped", () => {
    expect(createEndpoint({ endpoint: new URL("https://A:8443/x"), key: "east:secondary" })).toMatchObject({
      name: "east",
      type: "secondary",
      endpoint: "https://a:8443",
      audienceBaseUrl: "https://a/",
      credential: { kind: "entra", credential: "default" },
      hasServerEndpoint: false,
    });
  });

  test("may be reached elsewhere, paths kept", () => {
    const endpoint = createEndpoint({
      endpoint: "https://a",
      serverEndpoint: "http://b/p/",
      clientEndpoint: "https://c",
    });
    expect(endpoint).toMatchObject({ serverEndpoint: "http://b/p", clientEndpoint: "https://c" });
  });

  test("are shown with what tells them apart", () => {
    const text = "Endpoint=https://a;AccessKey=hide-me;ClientEndpoint=https://c;ServerEndpoint=https://s";
    expect(endpointLabel(createEndpoint({ connectionString: text, name: "n" }))).toBe(
      "[n](Primary)https://a;ClientEndpoint=https://c;ServerEndpoint=https://s",
    );
    const plain = createEndpoint({ connectionString: "Endpoint=https://a;AccessKey=k", type: "secondary" });
    expect(endpointLabel(plain)).toBe("(Secondary)https://a");
  });

  test.each(["", "  "])("need a connection string", (connectionString) => {
    expect(() => createEndpoint({ connectionString })).toThrow("'connectionString' cannot be null or whitespace.");
  });

  test("are refused with another type", () => {
    const input = { connectionString: "Endpoint=https://a;AccessKey=k", type: "third" as "primary" };
    expect(() => createEndpoint(input)).toThrow(/"primary" or "secondary"/);
  });
});
