import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { parseConnectionString } from "./connection-string.js";

describe("connection strings", () => {
  test("are frozen once read, and hide their key", () => {
    const parsed = parseConnectionString("Endpoint=https://a;AccessKey=hide-me");
    expect(Object.isFrozen(parsed) && Object.isFrozen(parsed.credential)).toBe(true);
    expect(JSON.stringify(parsed) + inspect(parsed, { depth: 9, showHidden: true })).not.toContain("hide-me");
  });

  test("nothing but scheme, host, port and path of an address is kept", () => {
    const parsed = parseConnectionString("Endpoint=https://me:pass@a/p//?q=1#f;AccessKey=k");
    expect(parsed.endpoint).toBe("https://a/p");
    expect(parsed.audienceBaseUrl).toBe("https://a/");
  });

  test("the key keeps its case, inner blanks and equal signs", () => {
    const { credential } = parseConnectionString("Endpoint=https://a;AccessKey= A b==c= ;");
    expect(credential.kind === "accessKey" && credential.accessKey.reveal()).toBe("A b==c=");
  });

  test("a certificate counts when there is no client secret", () => {
    const { credential } = parseConnectionString(
      "Endpoint=https://a;AuthType=azure.app;ClientId=c;TenantId=t;ClientCert=/c.pem",
    );
    expect(credential).toEqual({
      kind: "entra",
      credential: "clientCertificate",
      clientId: "c",
      tenantId: "t",
      clientCertificate: "/c.pem",
    });
  });

  test.each([
    ["a forgotten semicolon before the key", "Endpoint=https://a;Version=1.0AccessKey=hide-me"],
    ["the key in place of the version", "Endpoint=https://a;AccessKey=x;Version=hide-me-for-this-is-a-long-key"],
    ["a key with semicolons", "Endpoint=https://a;AccessKey=x;hide-me=1;hide-me=2"],
    ["the key as address", "Endpoint=hide-me;AccessKey=hide-me"],
    ["the key as port", "Endpoint=https://a;AccessKey=hide-me;Port=hide-me"],
    ["only the key", "hide-me"],
  ])("an error never shows the key: %s", (_name, text) => {
    const error = (() => {
      try {
        return parseConnectionString(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: "CONNECTION_STRING_INVALID" });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hide-me");
  });
});
