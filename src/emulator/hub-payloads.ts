import { createJsonHubProtocol } from "../protocol/hub/json.js";
import { createMessagePackHubProtocol } from "../protocol/hub/messagepack.js";
import type { HubMessage } from "../protocol/hub/messages.js";
import type { HubProtocol } from "../protocol/hub/protocol.js";
import type { Payloads } from "../protocol/service/messages.js";

const ALL: readonly HubProtocol[] = [createJsonHubProtocol({ jsonBigIntegers: true }), createMessagePackHubProtocol()];
const BY_NAME: ReadonlyMap<string, HubProtocol> = new Map(ALL.map((protocol) => [protocol.name, protocol]));

/** The hub protocol of this name in lower case, if it is one that the emulator itself can speak. */
export function hubProtocol(name: string): HubProtocol | undefined {
  return BY_NAME.get(name);
}

/**
 * A hub message for clients of every protocol.
 * @throws any error when a value in it fits into none of them
 */
export function payloadsOf(message: HubMessage): Payloads {
  return ALL.map((protocol) => [protocol.name, protocol.write(message)] as const);
}

/** The first hub message in the bytes; undefined when there is none, or it cannot be read. */
export function readFirst(protocol: HubProtocol, bytes: Uint8Array): HubMessage | undefined {
  try {
    const end = protocol.recordEnd(bytes, 0);
    return end === -1 || end > bytes.length ? undefined : protocol.read(bytes, 0, end);
  } catch {
    return undefined;
  }
}

/** Whether the bytes are whole hub messages of the protocol, one or more. */
export function isFramed(protocol: HubProtocol, bytes: Uint8Array): boolean {
  let start = 0;
  try {
    while (start < bytes.length) {
      const end = protocol.recordEnd(bytes, start);
      if (end === -1 || end > bytes.length) return false;
      protocol.read(bytes, start, end);
      start = end;
    }
    return start > 0;
  } catch {
    return false;
  }
}
