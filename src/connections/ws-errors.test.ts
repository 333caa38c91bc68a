import { describe, expect, test } from "vitest";
import { dialError, errorOfStatus } from "./ws-errors.js";

const coded = (code: string, message = "what Node says"): Error => Object.assign(new Error(message), { code });

describe("a failed dial says what to do:", () => {
  test.each([
    ["ENOTFOUND", /cannot be resolved \(ENOTFOUND\); check the Endpoint .* DNS/],
    ["ECONNREFUSED", /Nobody listens at demo \(ECONNREFUSED\); .* start the emulator/],
    ["ETIMEDOUT", /cannot be reached \(ETIMEDOUT\); check the network, the firewall and the proxy/],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", /certificate of demo is not accepted .*NODE_EXTRA_CA_CERTS/],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /certificate of demo is not accepted/],
    ["ERR_TLS_CERT_ALTNAME_INVALID", /certificate of demo is not accepted .*names the right host/],
    ["ERR_SSL_WRONG_VERSION_NUMBER", /No TLS connection to demo .*scheme and the port/],
    ["EPROTO", /No TLS connection to demo .*a proxy breaks TLS/],
  ])("%s", (code, sentence) => {
    const error = dialError("demo", coded(code), false);
    expect(error).toMatchObject({ code: "CONNECTION_REFUSED", message: expect.stringMatching(sentence) });
  });

  test("a name with several addresses fails as its first one", () => {
    const group = new AggregateError([coded("ECONNREFUSED"), coded("ENETUNREACH")], "");
    expect(dialError("demo", group, false).message).toMatch(/Nobody listens/);
  });

  test("what is not known is told in its own words, on one line", () => {
    expect(dialError("demo", new Error("odd\r\nthing"), false).message).toBe(
      "The websocket to demo could not be opened: odd thing.",
    );
  });
});

test("a connection that was open is lost, not refused", () => {
  expect(dialError("demo", coded("ECONNRESET"), true)).toMatchObject({
    code: "CONNECTION_LOST",
    message: "demo reset the websocket.",
  });
  expect(dialError("demo", coded("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"), true).message).toMatch(/raise maxMessageBytes/);
});

test.each([
  [401, /access key .* clock/],
  [403, /access control and networking/],
  [404, /Serverless mode; set the Service Mode to Default/],
  [429, /add units/],
  [307, /set the endpoint to the final address/],
  [502, /unavailable at the moment/],
  [418, /check the endpoint/],
])("HTTP %d in place of the websocket is explained", (status, sentence) => {
  expect(errorOfStatus("demo", status)).toMatchObject({
    code: "CONNECTION_REFUSED",
    message: expect.stringMatching(sentence),
  });
});
