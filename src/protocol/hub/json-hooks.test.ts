import { describe, expect, test } from "vitest";
import { createJsonHubProtocol } from "./json.js";
import type { HubMessage } from "./messages.js";
import type { HubProtocolOptions } from "./protocol.js";

function written(message: HubMessage, options: HubProtocolOptions): string {
  return Buffer.from(createJsonHubProtocol(options).write(message)).toString().slice(0, -1);
}

function read(text: string, options: HubProtocolOptions): HubMessage | undefined {
  const bytes = Buffer.from(`${text}\u001e`);
  return createJsonHubProtocol(options).read(bytes, 0, bytes.length);
}

describe("a replacer", () => {
  const jsonReplacer = (_key: string, value: unknown): unknown =>
    value instanceof Date ? { $date: value.getTime() } : value instanceof Map ? { $map: [...value] } : value;

  test("sees values before they are JSON, wherever they are", () => {
    const given = { when: new Date(5), list: [new Map([["a", new Date(6)]])], plain: "x" };
    const message: HubMessage = { type: 1, target: "m", arguments: [given, new Date(7)] };

    expect(written(message, { jsonReplacer })).toBe(
      '{"type":1,"target":"m","arguments":[{"when":{"$date":5},"list":[{"$map":[["a",{"$date":6}]]}],"plain":"x"},{"$date":7}]}',
    );
    expect(given).toEqual({ when: new Date(5), list: [new Map([["a", new Date(6)]])], plain: "x" });
  });

  test("is called with the holder, and can leave members out", () => {
    const options: HubProtocolOptions = {
      jsonReplacer(this: unknown, key: string, value: unknown) {
        return key === "secret" && Array.isArray(this) === false ? undefined : value;
      },
    };
    const message: HubMessage = { type: 2, invocationId: "1", item: { secret: 1, open: 2 } };

    expect(written(message, options)).toBe('{"type":2,"invocationId":"1","item":{"open":2}}');
  });

  test("does not see what makes the message, and a value that contains itself is refused", () => {
    const keys: string[] = [];
    const jsonReplacer = (key: string, value: unknown): unknown => {
      keys.push(key);
      return value;
    };
    written({ type: 3, invocationId: "1", hasResult: true, result: { a: 1 } }, { jsonReplacer });
    const loop: { self?: unknown } = {};
    loop.self = loop;

    expect(keys).toEqual(["", "a"]);
    expect(() => written({ type: 2, invocationId: "1", item: loop }, { jsonReplacer })).toThrow(/contains itself/);
  });
});

describe("a reviver", () => {
  const jsonReviver = (_key: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && "$date" in value ? new Date(Number(value.$date)) : value;

  test("sees members before their object, in arguments, items and results", () => {
    expect(
      read('{"type":1,"target":"$date","arguments":[{"$date":5},[{"$date":6}],"x"]}', { jsonReviver }),
    ).toMatchObject({
      target: "$date",
      arguments: [new Date(5), [new Date(6)], "x"],
    });
    expect(read('{"type":2,"invocationId":"1","item":{"$date":5}}', { jsonReviver })).toMatchObject({
      item: new Date(5),
    });
    expect(read('{"type":3,"invocationId":"1","result":{"$date":5}}', { jsonReviver })).toMatchObject({
      result: new Date(5),
    });
    expect(read('{"type":6}', { jsonReviver })).toEqual({ type: 6 });
  });

  test("removes members by undefined, keeps big integers, and leaves prototypes alone", () => {
    const options: HubProtocolOptions = {
      jsonBigIntegers: true,
      jsonReviver: (key, value) => (key === "gone" ? undefined : value),
    };
    const message = read(
      '{"type":2,"invocationId":"1","item":{"gone":1,"big":9007199254740993,"__proto__":{"polluted":true}}}',
      options,
    );
    const { item } = message as { readonly item: Record<string, unknown> };

    expect(Object.keys(item)).toEqual(["big", "__proto__"]);
    expect(item["big"]).toBe(9007199254740993n);
    expect(Object.getPrototypeOf(item)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
