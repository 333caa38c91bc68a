import { describe, expect, it } from "vitest";
import { createJsonHubProtocol } from "./json.js";
import type { HubMessage } from "./messages.js";
import { InvalidDataException } from "./protocol.js";

const protocol = createJsonHubProtocol();

function read(text: string, reader = protocol): HubMessage | undefined {
  const bytes = new TextEncoder().encode(`${text}\u001e`);
  return reader.read(bytes, 0, reader.recordEnd(bytes, 0));
}

function write(message: HubMessage): string {
  const text = new TextDecoder().decode(protocol.write(message));
  expect(text.endsWith("\u001e")).toBe(true);
  return text.slice(0, -1);
}

/** JSON of so many lists inside each other. */
const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

describe("the JSON hub protocol says of itself", () => {
  it("its name, version and format", () => {
    expect(protocol).toMatchObject({ name: "json", version: 2, transferFormat: "Text" });
  });
});

describe("writing", () => {
  it.each<[HubMessage, string]>([
    [{ type: 1, target: "t", arguments: [] }, '{"type":1,"target":"t","arguments":[]}'],
    [
      { type: 1, target: "t", arguments: [1, "é"], streamIds: ["7"], headers: { a: "b" }, invocationId: "5" },
      '{"type":1,"headers":{"a":"b"},"invocationId":"5","target":"t","arguments":[1,"é"],"streamIds":["7"]}',
    ],
    [{ type: 1, target: "t", arguments: [], streamIds: [] }, '{"type":1,"target":"t","arguments":[],"streamIds":[]}'],
    [{ type: 1, target: "t", arguments: [], invocationId: "", headers: {} }, '{"type":1,"target":"t","arguments":[]}'],
    [{ type: 2, invocationId: "1", item: null }, '{"type":2,"invocationId":"1","item":null}'],
    [{ type: 3, invocationId: "1", hasResult: false }, '{"type":3,"invocationId":"1"}'],
    [{ type: 3, invocationId: "1", hasResult: true }, '{"type":3,"invocationId":"1","result":null}'],
    [{ type: 3, invocationId: "1", hasResult: true, result: 2.5 }, '{"type":3,"invocationId":"1","result":2.5}'],
    [{ type: 3, invocationId: "1", hasResult: false, error: "no" }, '{"type":3,"invocationId":"1","error":"no"}'],
    [
      { type: 4, invocationId: "1", target: "t", arguments: [{}] },
      '{"type":4,"invocationId":"1","target":"t","arguments":[{}]}',
    ],
    [{ type: 5, invocationId: "1", headers: { h: "v" } }, '{"type":5,"headers":{"h":"v"},"invocationId":"1"}'],
    [{ type: 6 }, '{"type":6}'],
    [{ type: 7 }, '{"type":7}'],
    [{ type: 7, error: "", allowReconnect: false }, '{"type":7}'],
    [{ type: 7, error: "bye", allowReconnect: true }, '{"type":7,"error":"bye","allowReconnect":true}'],
    [{ type: 8, sequenceId: 3 }, '{"type":8,"sequenceId":3}'],
    [{ type: 9, sequenceId: 4 }, '{"type":9,"sequenceId":4}'],
  ])("%j gives the members in the reference's order", (message, text) => {
    expect(write(message)).toBe(text);
  });

  it("escapes what would end the record, in ids, targets, errors and values of any length", () => {
    const nasty = '\u001e"\\\n\u2028é\ud800';
    for (const text of [nasty, nasty.repeat(40), `${"a".repeat(47)}\u001e`, `${"a".repeat(48)}\u001e`]) {
      const message: HubMessage = { type: 1, invocationId: text, target: text, arguments: [text, { [text]: text }] };
      const bytes = protocol.write(message);
      expect(bytes.indexOf(0x1e)).toBe(bytes.length - 1);
      expect(protocol.read(bytes, 0, bytes.length)).toEqual(message);
    }
  });

  it("hands over bytes that later messages leave alone", () => {
    const first = protocol.write({ type: 6 });
    const second = protocol.write({ type: 7 });
    first.fill(0);
    expect(new TextDecoder().decode(second)).toBe('{"type":7}\u001e');
    for (let index = 0; index < 3000; index += 1) protocol.write({ type: 8, sequenceId: index });
    expect(new TextDecoder().decode(second)).toBe('{"type":7}\u001e');
  });

  it("copes with a record much larger than its buffer, and with small ones after it", () => {
    const text = "é".repeat(300_000);
    const bytes = protocol.write({ type: 3, invocationId: "1", hasResult: true, result: text });
    expect(protocol.read(bytes, 0, bytes.length)).toMatchObject({ result: text });
    expect(write({ type: 6 })).toBe('{"type":6}');
  });

  it("leaves nothing behind of a message whose value could not be written", () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(() => protocol.write({ type: 1, target: "t", arguments: ["fine", cyclic] })).toThrow(TypeError);
    expect(write({ type: 6 })).toBe('{"type":6}');
  });

  it("allows a value to write a message while it is written itself", () => {
    let inner = "";
    const value = {
      toJSON() {
        inner = write({ type: 3, invocationId: "2", hasResult: true, result: "inside" });
        return "outside";
      },
    };
    expect(write({ type: 1, target: "t", arguments: ["before", value] })).toBe(
      '{"type":1,"target":"t","arguments":["before","outside"]}',
    );
    expect(inner).toBe('{"type":3,"invocationId":"2","result":"inside"}');
  });
});

describe("reading", () => {
  it.each<[string, HubMessage]>([
    ['{"arguments":[1],"target":"T","type":1}', { type: 1, target: "T", arguments: [1] }],
    ['{"type":1,"target":"t","arguments":[],"invocationId":""}', { type: 1, target: "t", arguments: [] }],
    [
      '{"type":1,"target":"t","arguments":[],"streamIds":["1","2"]}',
      { type: 1, target: "t", arguments: [], streamIds: ["1", "2"] },
    ],
    ['{"type":1,"target":"t","arguments":[],"streamIds":[],"headers":{}}', { type: 1, target: "t", arguments: [] }],
    [
      '{"headers":{"a":"b"},"type":2,"item":0,"invocationId":"1"}',
      { type: 2, headers: { a: "b" }, invocationId: "1", item: 0 },
    ],
    ['{"type":2,"invocationId":"1","item":null}', { type: 2, invocationId: "1", item: null }],
    ['{"type":3,"invocationId":"1"}', { type: 3, invocationId: "1", hasResult: false }],
    ['{"type":3,"result":null,"invocationId":"1"}', { type: 3, invocationId: "1", hasResult: true, result: null }],
    ['{"type":3,"error":"e","invocationId":"1"}', { type: 3, invocationId: "1", hasResult: false, error: "e" }],
    [
      '{"type":4,"invocationId":"1","target":"t","arguments":[[]]}',
      { type: 4, invocationId: "1", target: "t", arguments: [[]] },
    ],
    ['{"type":5,"invocationId":"1","else":true}', { type: 5, invocationId: "1" }],
    [' { "type" : 6 } ', { type: 6 }],
    ['{"type":7}', { type: 7 }],
    ['{"type":7,"error":"e","allowReconnect":true}', { type: 7, error: "e", allowReconnect: true }],
    ['{"type":7,"error":"","allowReconnect":false}', { type: 7, allowReconnect: false }],
    ['{"type":8,"sequenceId":36}', { type: 8, sequenceId: 36 }],
    ['{"type":9,"sequenceId":0}', { type: 9, sequenceId: 0 }],
  ])("%s", (text, message) => {
    expect(read(text)).toEqual(message);
  });

  it.each(["0", "10", "-1", "1.5", "1e99"])("a message of the unknown type %s is skipped", (type) => {
    expect(read(`{"type":${type},"target":5}`)).toBeUndefined();
  });

  it.each([
    ["{}", "Missing required property 'type'."],
    ['{"type":"1"}', "Expected 'type' to be of type Number."],
    ['{"type":null}', "Expected 'type' to be of type Number."],
    ['{"type":1}', "Missing required property 'target'."],
    ['{"type":1,"target":"","arguments":[]}', "Missing required property 'target'."],
    ['{"type":1,"invocationId":42}', "Expected 'invocationId' to be of type String."],
    ['{"type":1,"invocationId":"42","target":42}', "Expected 'target' to be of type String."],
    ['{"type":1,"target":"t"}', "Missing required property 'arguments'."],
    ['{"type":1,"target":"t","arguments":{}}', "Expected 'arguments' to be of type Array."],
    ['{"type":1,"headers":{"Foo":42},"target":"t","arguments":[]}', "Expected header 'Foo' to be of type String."],
    [
      '{"type":1,"headers":{"__proto__":{}},"target":"t","arguments":[]}',
      "Expected header '__proto__' to be of type String.",
    ],
    ['{"type":1,"headers":[],"target":"t","arguments":[]}', "Expected 'headers' to be of type StartObject."],
    ['{"type":1,"target":"t","arguments":[],"streamIds":"1"}', "Expected 'streamIds' to be of type Array."],
    ['{"type":1,"target":"t","arguments":[],"streamIds":[1]}', "Expected 'streamIds' to be a list of type String."],
    ['{"type":2}', "Missing required property 'invocationId'."],
    ['{"type":2,"invocationId":"","item":1}', "Missing required property 'invocationId'."],
    ['{"type":2,"invocationId":"42"}', "Missing required property 'item'."],
    ['{"type":3}', "Missing required property 'invocationId'."],
    ['{"type":3,"invocationId":"42","error":42}', "Expected 'error' to be of type String."],
    [
      '{"type":3,"invocationId":"42","error":"e","result":true}',
      "The 'error' and 'result' properties are mutually exclusive.",
    ],
    [
      '{"type":3,"invocationId":"42","error":"","result":null}',
      "The 'error' and 'result' properties are mutually exclusive.",
    ],
    ['{"type":4,"target":"t","arguments":[]}', "Missing required property 'invocationId'."],
    ['{"type":4,"invocationId":"42","target":"t","arguments":"[]"}', "Expected 'arguments' to be of type Array."],
    ['{"type":5}', "Missing required property 'invocationId'."],
    ['{"type":7,"allowReconnect":1}', "Expected 'allowReconnect' to be true or false."],
    ['{"type":8}', "Missing required property 'sequenceId'."],
    ['{"type":9,"sequenceId":true}', "Expected 'sequenceId' to be of type Number."],
    ["[]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."],
    ["", "Error reading JSON."],
    ['{"type":6', "Error reading JSON."],
    ['{"type":6,}', "Error reading JSON."],
    ['{"type":6}{"type":6}', "Error reading JSON."],
    ["\ufeff{}", "Error reading JSON."],
  ])("%s is refused with the reference's text", (text, message) => {
    expect(() => read(text)).toThrow(new InvalidDataException(message));
  });

  it("takes __proto__ for a member like any other", () => {
    const message = read(
      '{"type":1,"target":"t","arguments":[{"__proto__":{"admin":true}}],"__proto__":{"target":"x"}}',
    );
    expect(message).toMatchObject({ target: "t" });
    const [value] = (message as unknown as { arguments: Record<string, unknown>[] }).arguments;
    expect(value?.["admin"]).toBeUndefined();
    expect(Object.hasOwn(value as object, "__proto__")).toBe(true);
  });

  it("replaces bytes that are no UTF-8 instead of failing", () => {
    const bytes = Buffer.from('{"type":3,"invocationId":"1","result":"?"}\u001e');
    bytes[bytes.indexOf("?")] = 0xff;
    expect(protocol.read(bytes, 0, bytes.length)).toMatchObject({ result: "\ufffd" });
  });

  it("allows values that are 64 levels deep and refuses deeper ones", () => {
    for (const reader of [protocol, createJsonHubProtocol({ jsonBigIntegers: true })]) {
      const call = (value: string): string => `{"type":1,"target":"t","arguments":[${value},12345678901234567890]}`;
      expect(read(call(nested(64)), reader)).toMatchObject({ type: 1 });
      expect(() => read(call(nested(65)), reader)).toThrow(InvalidDataException);
      expect(() => read(call(nested(200_000)), reader)).toThrow(InvalidDataException);
      expect(() => read(call(`${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`), reader)).toThrow(
        InvalidDataException,
      );
    }
  });

  it("reads a record in the middle of a plain Uint8Array", () => {
    const bytes = new TextEncoder().encode('{"type":6}\u001e{"type":8,"sequenceId":5}\u001e{"ty');
    const first = protocol.recordEnd(bytes, 0);
    const second = protocol.recordEnd(bytes, first);
    expect(protocol.read(bytes, first, second)).toEqual({ type: 8, sequenceId: 5 });
    expect(protocol.recordEnd(bytes, second)).toBe(-1);
  });
});

describe("the end of a record", () => {
  it("is searched from where an earlier search ended", () => {
    const bytes = Buffer.from('{"type":6}\u001e{"type":7}\u001e');
    expect(protocol.recordEnd(bytes, 0, 5)).toBe(11);
    expect(protocol.recordEnd(bytes, 11, 15)).toBe(bytes.length);
    expect(protocol.recordEnd(bytes, 0, bytes.length)).toBe(-1);
  });
});

describe("integers beyond 2^53-1", () => {
  const text =
    '{"type":1,"target":"t","arguments":[9007199254740993,-9223372036854775808,[1,{"a":18446744073709551615}]]}';

  it("lose digits as in JSON.parse unless asked for", () => {
    expect(read(text)).toMatchObject({
      arguments: [2 ** 53, -(2 ** 63), [1, { a: 2 ** 64 }]],
    });
  });

  it("are bigints with all their digits when asked for", () => {
    expect(read(text, createJsonHubProtocol({ jsonBigIntegers: true }))).toMatchObject({
      arguments: [9007199254740993n, -9223372036854775808n, [1, { a: 18446744073709551615n }]],
    });
  });

  it("leave all other values as they are", () => {
    const exact = createJsonHubProtocol({ jsonBigIntegers: true });
    const values =
      '[9007199254740991,-0,1.0,12345678901234567890.5,1e30,"12345678901234567890",{"__proto__":1,"a":1,"a":2}]';
    const message = read(`{"type":3,"invocationId":"1","result":${values}}`, exact) as { result: unknown };
    expect(message.result).toStrictEqual(JSON.parse(values));
    expect(() => read('{"type":6,"a":12345678901234567890', exact)).toThrow("Error reading JSON.");
    expect(read('{"type":12345678901234567890}', exact)).toBeUndefined();
  });
});
