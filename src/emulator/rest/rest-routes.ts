import { CALL_OPERATIONS } from "./call-operations.js";
import { CLOSE_OPERATIONS } from "./close-operations.js";
import { EXECUTE_OPERATION } from "./execute-operation.js";
import { EXISTENCE_OPERATIONS } from "./existence-operations.js";
import { GROUP_OPERATIONS } from "./group-operations.js";
import type { RestOperation } from "./rest-call.js";
import { SEND_OPERATIONS } from "./send-operations.js";
import { TOKEN_OPERATION } from "./token-operation.js";

/** What stands at an address: operations by method, and the named parts of the path. */
export interface RestMatch {
  readonly operations: ReadonlyMap<RestOperation["method"], RestOperation>;
  readonly parts: ReadonlyMap<string, string>;
}

interface Route {
  readonly pattern: readonly string[];
  readonly operations: Map<RestOperation["method"], RestOperation>;
}

const OPERATIONS: readonly RestOperation[] = [
  ...SEND_OPERATIONS,
  ...CLOSE_OPERATIONS,
  ...EXISTENCE_OPERATIONS,
  ...GROUP_OPERATIONS,
  ...CALL_OPERATIONS,
  EXECUTE_OPERATION,
  TOKEN_OPERATION,
];

const ROUTES = routesOf(OPERATIONS);

/** Finds what stands below `/hubs/{hub}`; undefined: nothing. */
export function findRoute(segments: readonly string[]): RestMatch | undefined {
  for (const { pattern, operations } of ROUTES) {
    const parts = match(pattern, segments);
    if (parts !== undefined) return { operations, parts };
  }
  return undefined;
}

function routesOf(all: readonly RestOperation[]): readonly Route[] {
  const routes = new Map<string, Route>();
  for (const operation of all) {
    for (const path of operation.paths) {
      const route = routes.get(path) ?? { pattern: path === "" ? [] : path.split("/"), operations: new Map() };
      route.operations.set(operation.method, operation);
      routes.set(path, route);
    }
  }
  return [...routes.values()];
}

function match(pattern: readonly string[], segments: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parts = new Map<string, string>();
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if (expected.startsWith("{")) parts.set(expected.slice(1, -1), segment);
    else if (expected.toLowerCase() !== segment.toLowerCase()) return undefined;
  }
  return parts;
}
