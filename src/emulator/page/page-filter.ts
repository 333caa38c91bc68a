/** What one page wants to see. */
export interface PageFilter {
  /** Comes back with the updates that follow it, so that the page can tell what was meant for an older filter. */
  readonly serial: number;
  /** Only this hub, in lower case. */
  readonly hub: string | undefined;
  /** Only messages that concern this client, and its details. */
  readonly connectionId: string | undefined;
  /** Only clients, groups and users with this text in a name, in lower case; empty: all. */
  readonly find: string;
  /** Also what service and servers tell each other. */
  readonly hasServiceMessages: boolean;
  /** No messages at all. */
  readonly isPaused: boolean;
}

export const EVERYTHING: PageFilter = Object.freeze({
  serial: 0,
  hub: undefined,
  connectionId: undefined,
  find: "",
  hasServiceMessages: false,
  isPaused: false,
});

const LONGEST_TEXT = 256;

/** What a page asked for; undefined when it is not a filter. */
export function parseFilter(bytes: Buffer): PageFilter | undefined {
  let given: unknown;
  try {
    given = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof given !== "object" || given === null) return undefined;
  const { serial, hub, connectionId, find, hasServiceMessages, isPaused } = given as Readonly<Record<string, unknown>>;
  return {
    serial: typeof serial === "number" ? serial : 0,
    hub: text(hub)?.toLowerCase(),
    connectionId: text(connectionId),
    find: text(find)?.toLowerCase() ?? "",
    hasServiceMessages: hasServiceMessages === true,
    isPaused: isPaused === true,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, LONGEST_TEXT) : undefined;
}
