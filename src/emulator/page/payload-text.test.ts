import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeHandshakeRequest, writeHandshakeResponse } from "../../protocol/hub/handshake.js";
import { createJsonHubProtocol } from "../../protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../../protocol/hub/messagepack.js";
import type { HubMessage } from "../../protocol/hub/messages.js";
import { describePayload, isHubPing } from "./payload-text.js";

const PROTOCOLS = [createJsonHubProtocol(), createMessagePackHubProtocol()];

describe.each(PROTOCOLS)("a payload in $name", (protocol) => {
  const shown = (...messages: HubMessage[]) => {
    const { what, text } = describePayload(protocol.name, Buffer.concat(messages.map((each) => protocol.write(each))));
    return `${what}: ${text}`;
  };

  test("is shown as what it says", () => {
    expect(shown({ type: 1, target: "say", arguments: ["hi", 7, null, [true]] })).toBe(
      'call: say("hi", 7, null, [true])',
    );
    expect(shown({ type: 1, target: "say", arguments: [], invocationId: "3" })).toBe("call: say() #3");
    expect(shown({ type: 2, invocationId: "3", item: { a: 1 } })).toBe('item: {"a":1} #3');
    expect(shown({ type: 3, invocationId: "3", hasResult: true, result: "x" })).toBe('result: "x" #3');
    expect(shown({ type: 3, invocationId: "3", hasResult: false })).toBe("result: done #3");
    expect(shown({ type: 3, invocationId: "3", hasResult: false, error: "no" })).toBe("error: no #3");
    expect(shown({ type: 4, target: "count", arguments: [5], invocationId: "4" })).toBe("stream: count(5) #4");
    expect(shown({ type: 5, invocationId: "4" })).toBe("cancel: #4");
    expect(shown({ type: 6 })).toBe("ping: ");
    expect(shown({ type: 7, error: "bye" })).toBe("close: bye");
    expect(shown({ type: 8, sequenceId: 2 })).toBe("ack: up to 2");
    expect(shown({ type: 9, sequenceId: 2 })).toBe("sequence: from 2");
  });

  test("with several messages is shown line by line, the first of them", () => {
    const ping: HubMessage = { type: 1, target: "t", arguments: [] };
    expect(shown(ping, { type: 5, invocationId: "1" })).toBe("call: t()\n#1");
    const many = shown(...Array.from({ length: 30 }, () => ping)).split("\n");
    expect(many).toHaveLength(11);
    expect(many.at(-1)).toMatch(/^and \d+ bytes more$/);
  });

  test("that is a part of a message is called that", () => {
    const whole = protocol.write({ type: 1, target: "say", arguments: ["x".repeat(50)] });
    const { what, text } = describePayload(protocol.name, whole.subarray(0, 20));
    expect(`${what}: ${text}`).toBe("part: the beginning of a message, 20 bytes");
    expect(describePayload(protocol.name, whole.subarray(20)).what).toMatch(/^(?:data|part)$/);
  });

  test("that is long is cut, or not decoded at all", () => {
    const long = describePayload(
      protocol.name,
      protocol.write({ type: 1, target: "t", arguments: ["x".repeat(9000)] }),
    );
    expect(long.text).toMatch(/x… \([\d,]+ more characters\)$/);
    expect(long.text.length).toBeLessThan(2100);
    const longer = protocol.write({ type: 1, target: "t", arguments: ["x".repeat(20_000)] });
    expect(describePayload(protocol.name, longer).text).toMatch(/^20,0\d\d bytes, too long to be shown$/);
  });

  test("knows the ping from all others", () => {
    expect(isHubPing(protocol.write({ type: 6 }))).toBe(true);
    expect(isHubPing(protocol.write({ type: 7 }))).toBe(false);
    expect(isHubPing(protocol.write({ type: 1, target: "", arguments: [] }))).toBe(false);
  });

  test("may be any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const { what, text } = describePayload(protocol.name, bytes);
        expect(typeof text).toBe("string");
        expect(what).toMatch(/^\w+$|^$/);
      }),
    );
  });
});

test("the handshake is shown in every protocol", () => {
  for (const protocol of ["json", "messagepack"]) {
    const request = writeHandshakeRequest({ protocol: "messagepack", version: 1 });
    expect(describePayload(protocol, request)).toEqual({ what: "handshake", text: "messagepack, version 1" });
    expect(describePayload(protocol, writeHandshakeResponse())).toEqual({ what: "handshake", text: "accepted" });
    expect(describePayload(protocol, writeHandshakeResponse("no"))).toEqual({ what: "handshake", text: "refused: no" });
  }
});

test("a protocol that nobody here speaks is shown as its size", () => {
  expect(describePayload("blazorpack", Buffer.from([1, 2, 3]))).toEqual({ what: "data", text: "3 bytes" });
});

test("values keep what JSON would lose", () => {
  const written = createMessagePackHubProtocol().write({
    type: 1,
    target: "t",
    arguments: [2n ** 60n, Buffer.from("ab")],
  });
  expect(describePayload("messagepack", written).text).toBe('t(1152921504606846976, "YWI=")');
});
