import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Secret } from "../base/secret.js";
import { createEndpoint } from "../config/service-endpoint.js";
import type { WireClaim } from "../protocol/service/messages.js";
import { createAccessKeyTokens } from "./access-key.js";
import { verifyToken } from "./jwt.js";

const NOW_MS = 1_700_000_000_500;
const KEY = "an-access-key-of-the-test";
const endpoint = createEndpoint({ connectionString: `Endpoint=http://host:8888;AccessKey=${KEY}` });
const clock = { now: () => 0, unixTime: () => NOW_MS, after: noTimer, every: noTimer };

function noTimer(): never {
  throw new Error("bug: signing needs no timer");
}

const source = createAccessKeyTokens({ endpoint, serverName: "srv", algorithm: "HS512", lifetimeMs: 60_000, clock });
const read = (token: string) => verifyToken(token, { keys: [new Secret(KEY)], nowMs: NOW_MS });
const headerOf = (token: string): unknown => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());

describe("tokens by access key", () => {
  test("a server token names the server and holds for the hub's server address without port", async () => {
    const token = await source.serverToken("chat");
    expect((await read(token)).payload).toEqual({
      nameid: "srv",
      nbf: 1_700_000_000,
      exp: 1_700_000_060,
      iat: 1_700_000_000,
      iss: "azure-signalr",
      aud: "http://host/server/?hub=chat",
    });
    expect(headerOf(token)).toEqual({ alg: "HS512", typ: "JWT", kid: expect.any(String) as string });
  });

  test("a client token holds the given claims and no name of the server", async () => {
    const verified = await read(await source.clientToken("chat", [["asrs.s.uid", "ann"]]));
    expect(Object.keys(verified.payload)).toEqual(["asrs.s.uid", "nbf", "exp", "iat", "iss", "aud"]);
    expect(verified.audiences).toEqual(["http://host/client/?hub=chat"]);
  });

  test("a REST token is HS256 whatever the option says, for the address without query and slash", async () => {
    const verified = await read(await source.restToken("http://host:8888/api/hubs/chat/:send/?api-version=1&a=/#f"));
    expect(verified.algorithm).toBe("HS256");
    expect(verified.audiences).toEqual(["http://host:8888/api/hubs/chat/:send"]);
  });

  test("the key id stays the same for a key, and is nothing one could look the key up by", async () => {
    const again = createAccessKeyTokens({ endpoint, serverName: "x", algorithm: "HS256", lifetimeMs: 1000, clock });
    const [first, second] = [await source.serverToken("a"), await again.serverToken("b")].map(headerOf);
    expect((first as { kid: string }).kid).toBe((second as { kid: string }).kid);
    expect(JSON.stringify(first)).not.toContain(KEY);
  });

  test("a client token may have 4,096 characters and not one more", async () => {
    const claims = (length: number): WireClaim[] => [["c", "x".repeat(length)]];
    const empty = (await source.clientToken("chat", claims(0))).length;
    // Base64url writes 4 characters for 3 bytes; the longest claim that fits is found from below.
    let fits = Math.floor(((4096 - empty) * 3) / 4) - 2;
    while ((await source.clientToken("chat", claims(fits)).catch(() => "")) !== "") fits++;
    expect((await source.clientToken("chat", claims(fits - 1))).length).toBeLessThanOrEqual(4096);
    await expect(source.clientToken("chat", claims(fits))).rejects.toMatchObject({
      code: "TOKEN_TOO_LONG",
      message: expect.stringMatching(/must not be longer than 4K.*409[78] characters.*claimsProvider/) as string,
    });
  });

  test("an endpoint without a key is refused", () => {
    const keyless = createEndpoint({ connectionString: "Endpoint=http://host;AuthType=azure" });
    expect(() =>
      createAccessKeyTokens({ endpoint: keyless, serverName: "s", algorithm: "HS256", lifetimeMs: 1 }),
    ).toThrow(/no access key/);
  });

  test("neither the source nor the endpoint shows the key", () => {
    const shown = [inspect(source, { depth: 9, showHidden: true }), JSON.stringify(endpoint), inspect(endpoint)].join();
    expect(shown).not.toContain(KEY);
  });
});
