import type { ClientConnection } from "../client-connection.js";
import type { HubSpace } from "../hub-space.js";
import { joinUser, leaveUser } from "../membership.js";
import { ACCEPTED, errorAnswer, NO_CONTENT, OK, type RestAnswer } from "./rest-answer.js";
import { hubOf, type RestCall, type RestOperation } from "./rest-call.js";

const LARGEST_INT = 0x7fffffff;
// From then on a connection that is not there counts as one that has left.
const LENIENT_SINCE = "2024-12-01";

/** Who is in which group. */
export const GROUP_OPERATIONS: readonly RestOperation[] = [
  {
    method: "PUT",
    paths: ["groups/{group}/connections/{connection}", "connections/{connection}/groups/{group}"],
    run: (call) => withClient(call, (hub, client) => hub.directory.join(client, call.part("group"))),
  },
  {
    method: "DELETE",
    paths: ["groups/{group}/connections/{connection}", "connections/{connection}/groups/{group}"],
    run(call) {
      const answer = withClient(call, (hub, client) => hub.directory.leave(client, call.part("group")));
      return !call.isV1 && call.version >= LENIENT_SINCE ? OK : answer;
    },
  },
  {
    method: "DELETE",
    paths: ["connections/{connection}/groups"],
    run(call) {
      withClient(call, (hub, client) => hub.directory.leaveAll(client));
      return OK;
    },
  },
  {
    method: "PUT",
    paths: ["users/{user}/groups/{group}", "groups/{group}/users/{user}"],
    run(call) {
      const ttl = call.query.integer("ttl", 0, LARGEST_INT);
      // The user need not be there, nor anybody else of the hub.
      call.service.withHub(call.hub, (hub) => joinUser(hub, call.part("user"), call.part("group"), ttl));
      return call.isV1 ? ACCEPTED : OK;
    },
  },
  {
    method: "DELETE",
    paths: ["users/{user}/groups/{group}", "groups/{group}/users/{user}"],
    run(call) {
      call.service.withHub(call.hub, (hub) => leaveUser(hub, call.part("user"), call.part("group")));
      return call.isV1 ? ACCEPTED : NO_CONTENT;
    },
  },
  {
    method: "DELETE",
    paths: ["users/{user}/groups"],
    run(call) {
      call.service.withHub(call.hub, (hub) => leaveUser(hub, call.part("user"), null));
      return call.isV1 ? OK : NO_CONTENT;
    },
  },
];

function withClient(call: RestCall, use: (hub: HubSpace, client: ClientConnection) => void): RestAnswer {
  const hub = hubOf(call);
  const client = hub?.directory.get(call.part("connection"));
  if (hub === undefined || client === undefined) {
    return errorAnswer(404, "Error.Connection.NotExisted", "There is no such connection.");
  }
  use(hub, client);
  return OK;
}
