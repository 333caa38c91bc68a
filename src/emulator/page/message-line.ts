import type { Payloads, ServiceMessage } from "../../protocol/service/messages.js";
import type { Passage, PassedMessage } from "../message-tap.js";
import { describePayload, type PayloadText } from "./payload-text.js";
import { shorten } from "./shown-text.js";
import type { Flow } from "./traffic.js";

/** One message as the page shows it. */
export interface MessageLine {
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly hub: string;
  readonly flow: Flow;
  readonly direction: PassedMessage["direction"];
  readonly serverId: string;
  /** Whom it concerns, e.g. `all`, `group lobby`; empty when it is about a connection. */
  readonly about: string;
  /** The client that it concerns, when it is one. */
  readonly connectionId: string | undefined;
  readonly what: string;
  readonly text: string;
  /** Of the hub payload. */
  readonly bytes: number | undefined;
}

export interface LineInput {
  readonly at: number;
  readonly direction: PassedMessage["direction"];
  readonly passage: Passage;
  readonly flow: Flow;
  readonly message: ServiceMessage;
  /** Hub protocol of a client of this hub; undefined when there is none of this id. */
  readonly protocolOf: (connectionId: string) => string | undefined;
}

interface Content extends PayloadText {
  readonly about: string;
  readonly connectionId?: string;
  readonly bytes?: number;
}

const MOST_NAMES = 3;
const MOST_NAME_CHARACTERS = 64;
const MOST_DETAIL_CHARACTERS = 500;
const ACK_WORDS: Readonly<Record<number, string>> = Object.freeze({
  1: "ok",
  2: "not found",
  3: "timeout",
  4: "internal error",
  5: "forbidden",
});

/** Keeps nothing of the message's bytes. */
export function lineOf(input: LineInput): MessageLine {
  const { at, direction, passage, flow, message } = input;
  const content = contentOf(message, input.protocolOf);
  // Ids of connections are short unless a server makes them up.
  const connectionId = content.connectionId && name(content.connectionId);
  return {
    at,
    hub: passage.hub,
    flow,
    direction,
    serverId: passage.serverId,
    bytes: undefined,
    ...content,
    connectionId,
  };
}

/** Whitelists what is shown of each kind: keys, tokens and claims that travel in others are not. */
function contentOf(message: ServiceMessage, protocolOf: LineInput["protocolOf"]): Content {
  switch (message.kind) {
    case "connectionData": {
      const { connectionId, payload, ext } = message;
      const protocol = ext?.protocol ?? protocolOf(connectionId) ?? "json";
      return { about: "", connectionId, bytes: payload.length, ...describePayload(protocol, payload) };
    }
    case "multiConnectionData": {
      const [connectionId, ...others] = message.connectionList;
      // The REST API has no other word for one client.
      if (connectionId !== undefined && others.length === 0) {
        return { about: "", connectionId, ...payloads(message.payloads) };
      }
      return { about: names("connections", message.connectionList), ...payloads(message.payloads) };
    }
    case "userData":
      return { about: `user ${name(message.userId)}`, ...payloads(message.payloads) };
    case "multiUserData":
      return { about: names("users", message.userList), ...payloads(message.payloads) };
    case "broadcastData":
      return { about: `all${except(message.excludedList)}`, ...payloads(message.payloads) };
    case "groupBroadcastData":
      return {
        about: `group ${name(message.groupName)}${except([...message.excludedList, ...message.excludedUserList])}`,
        ...payloads(message.payloads),
      };
    case "multiGroupBroadcastData":
      return { about: names("groups", message.groupList), ...payloads(message.payloads) };
    case "clientInvocation":
      return { about: "", connectionId: message.connectionId, ...payloads(message.payloads) };
    case "clientCompletion": {
      const { connectionId, payload, protocol } = message;
      return { about: "", connectionId, bytes: payload.length, ...describePayload(protocol ?? "json", payload) };
    }
    case "errorCompletion":
      return { about: "", connectionId: message.connectionId, what: "error", text: detail(message.error) };
    case "openConnection":
      return { about: "", connectionId: message.connectionId, what: "open", text: "a client came" };
    case "closeConnection":
      return { about: "", connectionId: message.connectionId, what: "close", text: detail(message.errorMessage) };
    case "joinGroup":
    case "joinGroupWithAck":
      return joined(message.connectionId, "join", message.groupName);
    case "leaveGroup":
    case "leaveGroupWithAck":
      return joined(message.connectionId, "leave", message.groupName);
    case "userJoinGroup":
    case "userJoinGroupWithAck":
      return { about: `user ${name(message.userId)}`, what: "join", text: name(message.groupName) };
    case "userLeaveGroup":
    case "userLeaveGroupWithAck":
      return { about: `user ${name(message.userId)}`, what: "leave", text: name(message.groupName ?? "all groups") };
    case "ack":
      return { about: "", what: "ack", text: `#${message.ackId} ${ACK_WORDS[message.status] ?? message.status}` };
    case "ping":
      return { about: "", what: "ping", text: detail(message.messages.join(" ")) };
    case "serviceError":
      return { about: "", what: "error", text: detail(message.errorMessage) };
    default:
      return { about: "", what: words(message.kind), text: "" };
  }
}

function payloads(all: Payloads): PayloadText & { readonly bytes: number } {
  const [first] = all;
  if (first === undefined) return { what: "data", text: "nothing", bytes: 0 };
  const [protocol, payload] = first;
  return { ...describePayload(protocol, payload), bytes: payload.length };
}

function joined(connectionId: string, what: string, group: string | null): Content {
  return { about: "", connectionId, what, text: name(group ?? "all groups") };
}

function names(what: string, list: readonly string[]): string {
  const more = list.length > MOST_NAMES ? ` and ${list.length - MOST_NAMES} more` : "";
  return `${what} ${list.slice(0, MOST_NAMES).map(name).join(", ")}${more}`;
}

function except(list: readonly string[]): string {
  return list.length === 0 ? "" : ` but ${list.length}`;
}

function name(text: string): string {
  return shorten(text, MOST_NAME_CHARACTERS);
}

function detail(text: string | null): string {
  return shorten(text ?? "", MOST_DETAIL_CHARACTERS);
}

/** `groupMemberQuery` becomes `group member query`; what asks for an ack does not say so. */
function words(kind: string): string {
  return kind.replace(/WithAck$/, "").replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
