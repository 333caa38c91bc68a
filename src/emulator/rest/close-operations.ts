import type { ClientConnection } from "../client-connection.js";
import { closeAll } from "../closing.js";
import type { HubSpace } from "../hub-space.js";
import { ACCEPTED, errorAnswer, NO_CONTENT, OK, type RestAnswer } from "./rest-answer.js";
import { hubOf, type RestCall, type RestOperation } from "./rest-call.js";

/** The ends of clients. They get the reason as the error of a close message, and may come back. */
export const CLOSE_OPERATIONS: readonly RestOperation[] = [
  { method: "POST", paths: [":closeConnections"], run: (call) => close(call, (hub) => hub.directory.all()) },
  {
    method: "POST",
    paths: ["groups/{group}/:closeConnections"],
    run: (call) => close(call, (hub) => hub.directory.ofGroup(call.part("group"))),
  },
  {
    method: "POST",
    paths: ["users/{user}/:closeConnections"],
    run: (call) => close(call, (hub) => hub.directory.ofUser(call.part("user"))),
  },
  {
    method: "DELETE",
    paths: ["connections/{connection}"],
    run(call) {
      const client = hubOf(call)?.directory.get(call.part("connection"));
      if (client === undefined) {
        return errorAnswer(404, "Warning.Connection.NotExisted", "There is no such connection.");
      }
      closeAll([client], reasonOf(call), []);
      return call.isV1 ? ACCEPTED : OK;
    },
  },
];

function close(call: RestCall, clientsOf: (hub: HubSpace) => Iterable<ClientConnection>): RestAnswer {
  const hub = hubOf(call);
  // A list of its own: those that are closed leave the hub while it is read.
  if (hub !== undefined) closeAll([...clientsOf(hub)], reasonOf(call), call.query.all("excluded"));
  return NO_CONTENT;
}

function reasonOf({ query }: RestCall): string | null {
  return query.get("reason") ?? null;
}
