import { describe, expect, test } from "vitest";
import { Secret } from "../../src/base/secret.js";
import { upstreamSignature } from "../../src/emulator/serverless/upstream-request.js";
import { readSharedData } from "./shared-data.js";

interface SignatureCase {
  readonly connectionId: string;
  readonly key: string;
  /** In any letter case, as receivers compare it. */
  readonly emulatorHeader: string;
}

// Made with `printf %s conn-1 | openssl dgst -sha256 -hmac <key>`.
const own: readonly SignatureCase[] = [
  {
    connectionId: "conn-1",
    key: "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH",
    emulatorHeader: "sha256=261f7f58ff9fb9bb8be7e4951a807fe6091e5c074885bf63b865eccd28728881",
  },
];
const shared = readSharedData<{ readonly upstreamSignatures: readonly SignatureCase[] }>("protocol/claims.json");
const sets = [
  ["our own", own],
  ...(shared === undefined ? [] : [["shared", shared.upstreamSignatures] as const]),
] as const;

describe.each(sets)("upstream signatures, %s", (_name, cases) => {
  test.each(cases.map((each) => [each.connectionId, each] as const))(
    "of %s",
    (_id, { connectionId, key, emulatorHeader }) => {
      expect(upstreamSignature(connectionId, new Secret(key))).toBe(emulatorHeader.toLowerCase());
    },
  );
});
