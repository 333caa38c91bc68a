import type { HubMessage } from "../../src/protocol/hub/messages.js";

/**
 * Hub messages with their bytes in both encodings, written by hand from the layout of the protocol. `json` is without the
 * separator, `hex` without the length prefix; blanks are for the eye.
 */
export interface HubVector {
  readonly name: string;
  readonly message: HubMessage;
  readonly json: string;
  readonly hex: string;
}

/** What this package writes, and reads back as the same message. */
export const HUB_VECTORS: readonly HubVector[] = [
  {
    name: "invocation that wants an answer",
    message: { type: 1, invocationId: "xyz", target: "method", arguments: [42] },
    json: '{"type":1,"invocationId":"xyz","target":"method","arguments":[42]}',
    hex: "96 01 80 a378797a a66d6574686f64 91 2a 90",
  },
  {
    name: "invocation that wants none",
    message: { type: 1, target: "m", arguments: [] },
    json: '{"type":1,"target":"m","arguments":[]}',
    hex: "96 01 80 c0 a16d 90 90",
  },
  {
    name: "invocation with headers",
    message: { type: 1, headers: { Foo: "Bar", b: "é" }, invocationId: "1", target: "m", arguments: [null] },
    json: '{"type":1,"headers":{"Foo":"Bar","b":"é"},"invocationId":"1","target":"m","arguments":[null]}',
    hex: "96 01 82 a3466f6f a3426172 a162 a2c3a9 a131 a16d 91 c0 90",
  },
  {
    name: "invocation with uploads",
    message: { type: 1, invocationId: "1", target: "m", arguments: ["a"], streamIds: ["2", "3"] },
    json: '{"type":1,"invocationId":"1","target":"m","arguments":["a"],"streamIds":["2","3"]}',
    hex: "96 01 80 a131 a16d 91 a161 92 a132 a133",
  },
  {
    name: "invocation with scalars of every kind",
    message: {
      type: 1,
      target: "m",
      arguments: [true, false, null, 0, -1, -32, -33, 127, 128, 255, 256, 65_535, 65_536, 0.5, "", "é"],
    },
    json: '{"type":1,"target":"m","arguments":[true,false,null,0,-1,-32,-33,127,128,255,256,65535,65536,0.5,"","é"]}',
    hex: "96 01 80 c0 a16d dc0010 c3 c2 c0 00 ff e0 d0df 7f cc80 ccff cd0100 cdffff ce00010000 cb3fe0000000000000 a0 a2c3a9 90",
  },
  {
    name: "invocation with large integers",
    message: { type: 1, target: "m", arguments: [4_294_967_295, 4_294_967_296, 9_007_199_254_740_991, -2_147_483_649] },
    json: '{"type":1,"target":"m","arguments":[4294967295,4294967296,9007199254740991,-2147483649]}',
    hex: "96 01 80 c0 a16d 94 ceffffffff cf0000000100000000 cf001fffffffffffff d3ffffffff7fffffff 90",
  },
  {
    name: "invocation with lists and objects",
    message: { type: 1, target: "m", arguments: [[1, [2]], { a: { b: [] } }] },
    json: '{"type":1,"target":"m","arguments":[[1,[2]],{"a":{"b":[]}}]}',
    hex: "96 01 80 c0 a16d 92 92 01 91 02 81 a161 81 a162 90 90",
  },
  {
    name: "stream item",
    message: { type: 2, invocationId: "xyz", item: 42 },
    json: '{"type":2,"invocationId":"xyz","item":42}',
    hex: "94 02 80 a378797a 2a",
  },
  {
    name: "stream item with headers",
    message: { type: 2, headers: { a: "b" }, invocationId: "xyz", item: "x" },
    json: '{"type":2,"headers":{"a":"b"},"invocationId":"xyz","item":"x"}',
    hex: "94 02 81 a161 a162 a378797a a178",
  },
  {
    name: "completion with an error",
    message: { type: 3, invocationId: "xyz", hasResult: false, error: "Error" },
    json: '{"type":3,"invocationId":"xyz","error":"Error"}',
    hex: "95 03 80 a378797a 01 a54572726f72",
  },
  {
    name: "completion of a stream",
    message: { type: 3, invocationId: "xyz", hasResult: false },
    json: '{"type":3,"invocationId":"xyz"}',
    hex: "94 03 80 a378797a 02",
  },
  {
    name: "completion with a result",
    message: { type: 3, invocationId: "xyz", hasResult: true, result: 42 },
    json: '{"type":3,"invocationId":"xyz","result":42}',
    hex: "95 03 80 a378797a 03 2a",
  },
  {
    name: "completion of a method without a result",
    message: { type: 3, invocationId: "1", hasResult: true, result: null },
    json: '{"type":3,"invocationId":"1","result":null}',
    hex: "95 03 80 a131 03 c0",
  },
  {
    name: "stream invocation",
    message: { type: 4, invocationId: "xyz", target: "method", arguments: [42] },
    json: '{"type":4,"invocationId":"xyz","target":"method","arguments":[42]}',
    hex: "96 04 80 a378797a a66d6574686f64 91 2a 90",
  },
  {
    name: "stream invocation with an upload",
    message: { type: 4, invocationId: "1", target: "m", arguments: [], streamIds: ["2"] },
    json: '{"type":4,"invocationId":"1","target":"m","arguments":[],"streamIds":["2"]}',
    hex: "96 04 80 a131 a16d 90 91 a132",
  },
  {
    name: "cancel",
    message: { type: 5, invocationId: "xyz" },
    json: '{"type":5,"invocationId":"xyz"}',
    hex: "93 05 80 a378797a",
  },
  {
    name: "cancel with headers",
    message: { type: 5, headers: { a: "b" }, invocationId: "xyz" },
    json: '{"type":5,"headers":{"a":"b"},"invocationId":"xyz"}',
    hex: "93 05 81 a161 a162 a378797a",
  },
  { name: "ping", message: { type: 6 }, json: '{"type":6}', hex: "91 06" },
  {
    name: "close with an error that allows to come back",
    message: { type: 7, error: "xyz", allowReconnect: true },
    json: '{"type":7,"error":"xyz","allowReconnect":true}',
    hex: "93 07 a378797a c3",
  },
  { name: "ack", message: { type: 8, sequenceId: 36 }, json: '{"type":8,"sequenceId":36}', hex: "92 08 24" },
  { name: "sequence", message: { type: 9, sequenceId: 19 }, json: '{"type":9,"sequenceId":19}', hex: "92 09 13" },
];

/** Forms that others write, or wrote once: they are read, never written. Undefined: skipped. */
export const OTHER_JSON: readonly { readonly json: string; readonly message: HubMessage | undefined }[] = [
  {
    json: '{"arguments":[42],"target":"m","invocationId":"1","type":1}',
    message: { type: 1, invocationId: "1", target: "m", arguments: [42] },
  },
  {
    json: '{"type":1,"target":"m","arguments":[],"streamIds":[],"headers":{}}',
    message: { type: 1, target: "m", arguments: [] },
  },
  { json: '{"type":7,"allowReconnect":false}', message: { type: 7, allowReconnect: false } },
  { json: '{"type":7}', message: { type: 7 } },
  { json: '{ "type" : 6 , "later" : [ { } ] }', message: { type: 6 } },
  { json: '{"type":10,"whatever":1}', message: undefined },
];

/** As {@link OTHER_JSON}, in MessagePack. */
export const OTHER_HEX: readonly { readonly hex: string; readonly message: HubMessage | undefined }[] = [
  // Clients from before uploads: five items.
  {
    hex: "95 01 80 a378797a a66d6574686f64 91 2a",
    message: { type: 1, invocationId: "xyz", target: "method", arguments: [42] },
  },
  {
    hex: "95 04 80 a378797a a66d6574686f64 91 2a",
    message: { type: 4, invocationId: "xyz", target: "method", arguments: [42] },
  },
  // An item more than this version knows.
  { hex: "97 01 80 c0 a16d 90 90 c0", message: { type: 1, target: "m", arguments: [] } },
  { hex: "92 06 c0", message: { type: 6 } },
  // An empty id is none.
  { hex: "96 01 80 a0 a16d 90 90", message: { type: 1, target: "m", arguments: [] } },
  // The close of the JavaScript client, and closes from before allowReconnect.
  { hex: "92 07 c0", message: { type: 7 } },
  { hex: "92 07 a378797a", message: { type: 7, error: "xyz" } },
  { hex: "93 07 c0 c2", message: { type: 7, allowReconnect: false } },
  // Integers, lists, maps and texts in wider forms than needed.
  { hex: "92 08 cc24", message: { type: 8, sequenceId: 36 } },
  { hex: "92 09 cd0013", message: { type: 9, sequenceId: 19 } },
  {
    hex: "dc0006 cc01 de0000 d90131 da00016d dd00000001 d300000000 0000002a dc0000",
    message: { type: 1, invocationId: "1", target: "m", arguments: [42] },
  },
  { hex: "92 0a c0", message: undefined },
];
