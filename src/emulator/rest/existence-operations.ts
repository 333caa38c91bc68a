import { isUserInGroup, pageOfGroup } from "../queries.js";
import { errorAnswer, OK, type RestAnswer, type RestErrorCode } from "./rest-answer.js";
import { hubOf, type RestCall, type RestOperation } from "./rest-call.js";

const LARGEST_PAGE = 200;
const LARGEST_INT = 0x7fffffff;

/** Who is there. */
export const EXISTENCE_OPERATIONS: readonly RestOperation[] = [
  {
    method: "GET",
    paths: ["connections/{connection}"],
    run: (call) =>
      found(hubOf(call)?.directory.get(call.part("connection")) !== undefined, "Warning.Connection.NotExisted"),
  },
  {
    method: "GET",
    paths: ["groups/{group}"],
    run: (call) =>
      found((hubOf(call)?.directory.ofGroup(call.part("group")).size ?? 0) > 0, "Warning.Group.NotExisted"),
  },
  {
    method: "GET",
    paths: ["users/{user}"],
    run: (call) => found((hubOf(call)?.directory.ofUser(call.part("user")).size ?? 0) > 0, "Warning.User.NotExisted"),
  },
  {
    method: "GET",
    paths: ["users/{user}/groups/{group}", "groups/{group}/users/{user}"],
    run(call) {
      const hub = hubOf(call);
      const isMember = hub !== undefined && isUserInGroup(hub, call.part("user"), call.part("group"));
      return found(isMember, "Info.User.NotInGroup");
    },
  },
  { method: "GET", paths: ["groups/{group}/connections"], since: "2024-12-01", run: listConnections },
];

function found(isFound: boolean, code: RestErrorCode): RestAnswer {
  return isFound ? OK : errorAnswer(404, code, "It is not there.");
}

/** One page of a group's members, with the address of the next one. */
function listConnections(call: RestCall): RestAnswer {
  const { query } = call;
  const maxPageSize = query.integer("maxpagesize", 1, LARGEST_PAGE) ?? LARGEST_PAGE;
  const top = query.integer("top", 1, LARGEST_INT) ?? null;
  const hub = hubOf(call);
  const continuationToken = query.get("continuationToken") ?? null;
  const page =
    hub === undefined
      ? { members: [], next: null }
      : pageOfGroup(hub, call.part("group"), { maxPageSize, top, continuationToken });
  const value = page.members.map(({ connectionId, userId }) => ({ connectionId, userId }));
  const nextLink = page.next === null ? undefined : nextAddress(call, page.next);
  return { status: 200, body: JSON.stringify({ value, nextLink }) };
}

function nextAddress({ address, query }: RestCall, continuationToken: string): string {
  const next = new URLSearchParams();
  for (const name of ["application", "top", "maxpagesize", "api-version"]) {
    const value = query.get(name);
    if (value !== undefined) next.set(name, value);
  }
  next.set("continuationToken", continuationToken);
  return `${address}?${next}`;
}
