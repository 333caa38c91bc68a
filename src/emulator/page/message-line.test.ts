import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ARBITRARIES } from "../../../test/fuzz/service-messages.arbitrary.js";
import type { ServiceMessage } from "../../protocol/service/messages.js";
import { concerns } from "./concerns.js";
import { type LineInput, lineOf, type MessageLine } from "./message-line.js";
import { flowOf } from "./traffic.js";

const passage = { id: "link-1", serverId: "server-a", hub: "chat" };

function lineFor(message: ServiceMessage, direction: LineInput["direction"] = "fromServer"): MessageLine {
  const flow = flowOf(direction, message);
  return lineOf({ at: 1, direction, passage, flow, message, protocolOf: () => "json" });
}

describe("a message on the page", () => {
  test("of any kind and content becomes a short line", () => {
    const client = { connectionId: "a", userId: "b", groups: new Set(["c"]) };
    for (const arbitrary of Object.values(ARBITRARIES)) {
      const messages = arbitrary as fc.Arbitrary<ServiceMessage>;
      fc.assert(
        fc.property(messages, fc.constantFrom("fromServer" as const, "toServer" as const), (message, direction) => {
          const line = lineFor(message, direction);
          expect(JSON.stringify(line).length).toBeLessThan(20_000);
          expect(line.what).not.toBe("");
          expect(typeof concerns(message, client)).toBe("boolean");
        }),
        { numRuns: 20 },
      );
    }
  });

  test.each<ServiceMessage>([
    { kind: "accessKeyRequest", token: "SECRET", kid: null },
    { kind: "accessKeyResponse", kid: "k", accessKey: "SECRET", errorType: null, errorMessage: null },
    {
      kind: "openConnection",
      connectionId: "c",
      claims: [["token", "SECRET"]],
      headers: [["Authorization", ["SECRET"]]],
      queryString: "?access_token=SECRET",
    },
    { kind: "refreshAuth", ackId: 1, connectionToken: "SECRET", claims: [["x", "SECRET"]], expireTime: new Date(0) },
    { kind: "getConnectionClaims", ackId: 1, connectionToken: "SECRET" },
    { kind: "updateConnectionClaims", connectionId: "c", claims: [["x", "SECRET"]] },
    { kind: "ack", ackId: 1, status: 1, message: "SECRET", payload: Buffer.from("SECRET") },
    { kind: "closeConnection", connectionId: "c", errorMessage: null, headers: [["x", ["SECRET"]]] },
  ])("does not tell the secrets of $kind", (message) => {
    expect(JSON.stringify(lineFor(message))).not.toContain("SECRET");
  });

  test("names a few of many receivers", () => {
    const connectionList = Array.from({ length: 1000 }, (_item, index) => `c${index}`);
    const { about } = lineFor({ kind: "multiConnectionData", connectionList, payloads: [] });
    expect(about).toBe("connections c0, c1, c2 and 997 more");
  });

  test("is called what the protocol calls it when there is no shorter word", () => {
    const query = { ackId: 1, groupName: "g", top: null, continuationToken: null, maxPageSize: null };
    expect(lineFor({ kind: "groupMemberQuery", ...query }).what).toBe("group member query");
    expect(lineFor({ kind: "checkUserExistenceWithAck", ackId: 1, userId: "u" }).what).toBe("check user existence");
  });
});
