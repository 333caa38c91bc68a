import { arrayMember, booleanMember, integerMember, type JsonObject, objectMember, textMember } from "./json-object.js";
import type { HubMessage, HubMessageHeaders } from "./messages.js";
import { InvalidDataException } from "./protocol.js";

/**
 * The message that a record's object stands for; undefined for a type that is not known.
 * @throws InvalidDataException
 */
export function readMessage(object: JsonObject): HubMessage | undefined {
  const type = object["type"];
  if (type === undefined) throw missing("type");
  switch (type) {
    case 1:
      return readInvocation(object);
    case 2:
      return readStreamItem(object);
    case 3:
      return readCompletion(object);
    case 4:
      return readStreamInvocation(object);
    case 5:
      return { type: 5, headers: readHeaders(object), invocationId: requiredText(object, "invocationId") };
    case 6:
      return { type: 6 };
    case 7:
      return {
        type: 7,
        error: textMember(object, "error") || undefined,
        allowReconnect: booleanMember(object, "allowReconnect"),
      };
    case 8:
      return { type: 8, sequenceId: requiredInteger(object, "sequenceId") };
    case 9:
      return { type: 9, sequenceId: requiredInteger(object, "sequenceId") };
    default:
      if (typeof type === "number" || typeof type === "bigint") return undefined;
      throw new InvalidDataException("Expected 'type' to be of type Number.");
  }
}

function readInvocation(object: JsonObject): HubMessage {
  return {
    type: 1,
    headers: readHeaders(object),
    invocationId: textMember(object, "invocationId") || undefined,
    target: requiredText(object, "target"),
    arguments: requiredArguments(object),
    streamIds: readStreamIds(object),
  };
}

function readStreamInvocation(object: JsonObject): HubMessage {
  return {
    type: 4,
    headers: readHeaders(object),
    invocationId: requiredText(object, "invocationId"),
    target: requiredText(object, "target"),
    arguments: requiredArguments(object),
    streamIds: readStreamIds(object),
  };
}

function readStreamItem(object: JsonObject): HubMessage {
  const headers = readHeaders(object);
  const invocationId = requiredText(object, "invocationId");
  const item = object["item"];
  if (item === undefined) throw missing("item");
  return { type: 2, headers, invocationId, item };
}

function readCompletion(object: JsonObject): HubMessage {
  const headers = readHeaders(object);
  const invocationId = requiredText(object, "invocationId");
  const error = textMember(object, "error");
  const result = object["result"];
  const hasResult = result !== undefined;
  if (hasResult && error !== undefined) {
    throw new InvalidDataException("The 'error' and 'result' properties are mutually exclusive.");
  }
  return { type: 3, headers, invocationId, error, hasResult, result };
}

function readHeaders(object: JsonObject): HubMessageHeaders | undefined {
  const headers = objectMember(object, "headers");
  if (headers === undefined) return undefined;
  let isEmpty = true;
  for (const name in headers) {
    isEmpty = false;
    if (typeof headers[name] !== "string") {
      throw new InvalidDataException(`Expected header '${name}' to be of type String.`);
    }
  }
  return isEmpty ? undefined : (headers as HubMessageHeaders);
}

function readStreamIds(object: JsonObject): readonly string[] | undefined {
  const streamIds = arrayMember(object, "streamIds");
  if (streamIds === undefined) return undefined;
  for (const streamId of streamIds) {
    if (typeof streamId !== "string")
      throw new InvalidDataException("Expected 'streamIds' to be a list of type String.");
  }
  return streamIds.length === 0 ? undefined : (streamIds as string[]);
}

function requiredText(object: JsonObject, name: string): string {
  const text = textMember(object, name);
  if (text) return text;
  throw missing(name);
}

function requiredInteger(object: JsonObject, name: string): number {
  const integer = integerMember(object, name);
  if (integer !== undefined) return integer;
  throw missing(name);
}

function requiredArguments(object: JsonObject): unknown[] {
  const values = arrayMember(object, "arguments");
  if (values !== undefined) return values;
  throw missing("arguments");
}

function missing(name: string): InvalidDataException {
  return new InvalidDataException(`Missing required property '${name}'.`);
}
