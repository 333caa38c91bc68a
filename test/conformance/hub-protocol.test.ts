import { createRequire } from "node:module";
import { type IHubProtocol, JsonHubProtocol, NullLogger } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { describe, expect, it } from "vitest";
import {
  parseHandshakeRequest,
  parseHandshakeResponse,
  writeHandshakeRequest,
  writeHandshakeResponse,
} from "../../src/protocol/hub/handshake.js";
import { createJsonHubProtocol } from "../../src/protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../../src/protocol/hub/messagepack.js";
import type { HubMessage } from "../../src/protocol/hub/messages.js";
import type { HubProtocol } from "../../src/protocol/hub/protocol.js";
import { HUB_VECTORS, OTHER_HEX, OTHER_JSON } from "./hub-messages.js";

const json = createJsonHubProtocol();
const messagePack = createMessagePackHubProtocol();
const officialJson = new JsonHubProtocol();
const officialMessagePack = new MessagePackHubProtocol();

const jsonRecord = (text: string): Buffer => Buffer.from(`${text}\u001e`);

function messagePackRecord(hex: string): Buffer {
  const body = Buffer.from(hex.replaceAll(" ", ""), "hex");
  if (body.length >= 0x80) return Buffer.concat([Uint8Array.of((body.length & 0x7f) | 0x80, body.length >>> 7), body]);
  return Buffer.concat([Uint8Array.of(body.length), body]);
}

function readOne(protocol: HubProtocol, bytes: Uint8Array): HubMessage | undefined {
  expect(protocol.recordEnd(bytes, 0)).toBe(bytes.length);
  return protocol.read(bytes, 0, bytes.length);
}

/** Reads with the official client; the array buffer is cut to the bytes, as a websocket would hand it over. */
function readOfficially(protocol: IHubProtocol, bytes: Uint8Array): readonly object[] {
  const input = protocol === officialJson ? new TextDecoder().decode(bytes) : Uint8Array.from(bytes).buffer;
  return protocol.parseMessages(input, NullLogger.instance);
}

function writeOfficially(protocol: IHubProtocol, message: HubMessage): Buffer {
  // The official union has string enums of types and wants headers and streams that may be left out on the wire.
  const written = protocol.writeMessage(message as unknown as Parameters<IHubProtocol["writeMessage"]>[0]);
  return typeof written === "string" ? Buffer.from(written) : Buffer.from(written);
}

/** Without what only one side has: hasResult here, empty headers and streams there. */
function bare(message: object | undefined): object {
  const members = Object.entries(message ?? {}).filter(([name, value]) => {
    if (name === "hasResult" || value === undefined || value === null) return false;
    return !((name === "headers" || name === "streamIds") && Object.keys(value as object).length === 0);
  });
  return Object.fromEntries(members);
}

/** The official client passes over stream invocations and cancels: it never gets them. */
const isForClients = ({ type }: HubMessage): boolean => type !== 4 && type !== 5;

/** Its MessagePack reader leaves the uploads out, since servers have none. */
const withoutUploads = (message: HubMessage): object => bare({ ...message, streamIds: undefined });

describe.each(HUB_VECTORS)("$name", ({ message, json: text, hex }) => {
  it("has these bytes", () => {
    expect(new TextDecoder().decode(json.write(message))).toBe(`${text}\u001e`);
    expect(Buffer.from(messagePack.write(message)).toString("hex")).toBe(messagePackRecord(hex).toString("hex"));
  });

  it("is read from these bytes", () => {
    expect(readOne(json, jsonRecord(text))).toEqual(message);
    expect(readOne(messagePack, messagePackRecord(hex))).toEqual(message);
  });

  it("is read by the official client, unless it is of a kind that clients only send", () => {
    const expected = isForClients(message) ? [message] : [];
    expect(readOfficially(officialJson, json.write(message)).map(bare)).toEqual(expected.map(bare));
    const read = readOfficially(officialMessagePack, messagePack.write(message)).map(bare);
    expect(read).toEqual(expected.map(withoutUploads));
  });

  it("is read as the official client writes it", () => {
    expect(bare(readOne(json, writeOfficially(officialJson, message)))).toEqual(bare(message));
    // Its MessagePack writer never puts an error into a Close.
    const expected = message.type === 7 ? { type: 7 } : bare(message);
    expect(bare(readOne(messagePack, writeOfficially(officialMessagePack, message)))).toEqual(expected);
  });
});

describe("forms of other writers", () => {
  it.each(OTHER_JSON)("$json", ({ json: text, message }) => {
    expect(readOne(json, jsonRecord(text))).toEqual(message);
  });

  it.each(OTHER_HEX)("$hex", ({ hex, message }) => {
    expect(readOne(messagePack, messagePackRecord(hex))).toEqual(message);
  });
});

describe("values that JSON does not have", () => {
  const values = [new Date(1_795_527_679_425), Uint8Array.of(1, 2, 255), { at: [new Date(0)], bytes: Uint8Array.of() }];

  it("reach the official MessagePack client, and come from it", () => {
    const message: HubMessage = { type: 1, target: "m", arguments: values };
    expect(readOfficially(officialMessagePack, messagePack.write(message)).map(bare)).toEqual([bare(message)]);
    expect(readOne(messagePack, writeOfficially(officialMessagePack, message))).toEqual(message);
  });

  it("are texts for the official JSON client", () => {
    const message: HubMessage = { type: 1, target: "m", arguments: [...values, 5n, new Map([["a", 1]])] };
    expect(readOfficially(officialJson, json.write(message))).toMatchObject([
      {
        arguments: ["2026-11-24T13:41:19.425Z", "AQL/", { at: ["1970-01-01T00:00:00.000Z"], bytes: "" }, 5, { a: 1 }],
      },
    ]);
  });

  it("undefined arguments are null for both", () => {
    const message: HubMessage = { type: 1, target: "m", arguments: [undefined, 1] };
    expect(readOfficially(officialJson, json.write(message))).toMatchObject([{ arguments: [null, 1] }]);
    expect(readOfficially(officialMessagePack, messagePack.write(message))).toMatchObject([{ arguments: [null, 1] }]);
  });
});

describe("many messages in one piece", () => {
  const messages = HUB_VECTORS.map((vector) => vector.message).filter(isForClients);

  it("are read one by one by the official client", () => {
    const text = Buffer.concat(messages.map((one) => json.write(one)));
    expect(readOfficially(officialJson, text).map(bare)).toEqual(messages.map(bare));
    const bytes = Buffer.concat(messages.map((one) => messagePack.write(one)));
    expect(readOfficially(officialMessagePack, bytes).map(bare)).toEqual(messages.map(withoutUploads));
  });

  it("are read one by one from the official client", () => {
    for (const [ours, official] of [
      [json, officialJson],
      [messagePack, officialMessagePack],
    ] as const) {
      const bytes = Buffer.concat(messages.map((one) => writeOfficially(official, one)));
      const read: object[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = ours.recordEnd(bytes, at);
        read.push(bare(ours.read(bytes, at, end)));
        at = end;
      }
      expect(read.map((one) => (one as HubMessage).type)).toEqual(messages.map((one) => one.type));
    }
  });
});

/** The handshake of the official client, which its package does not export by name. */
interface OfficialHandshake {
  writeHandshakeRequest(request: { protocol: string; version: number }): string;
  parseHandshakeResponse(data: string | ArrayBuffer): [unknown, { error?: string }];
}

describe("the handshake of the official client", () => {
  const { HandshakeProtocol } = createRequire(import.meta.url)("@microsoft/signalr/dist/cjs/HandshakeProtocol.js") as {
    HandshakeProtocol: new () => OfficialHandshake;
  };
  const official = new HandshakeProtocol();

  it("is read, and written the same", () => {
    const text = official.writeHandshakeRequest({ protocol: "messagepack", version: 2 });
    expect(parseHandshakeRequest(Buffer.from(text))?.message).toEqual({ protocol: "messagepack", version: 2 });
    expect(Buffer.from(writeHandshakeRequest({ protocol: "messagepack", version: 2 })).toString()).toBe(text);
  });

  it("reads the answer, and what shares a piece with it", () => {
    const answer = Buffer.concat([writeHandshakeResponse(), json.write({ type: 6 })]).toString();
    expect(official.parseHandshakeResponse(answer)).toEqual(['{"type":6}\u001e', {}]);
    expect(parseHandshakeResponse(Buffer.from(answer))).toEqual({ message: {}, consumed: 3 });
    expect(official.parseHandshakeResponse(Buffer.from(writeHandshakeResponse("no")).toString())[1]).toEqual({
      error: "no",
    });
  });
});
