import * as delivery from "../delivery.js";
import { ACCEPTED } from "./rest-answer.js";
import { readInvocation } from "./rest-body.js";
import { hubOf, type RestCall, type RestOperation } from "./rest-call.js";

/** Messages to clients. Taken whether or not anybody is there; older callers leave out `:send`. */
export const SEND_OPERATIONS: readonly RestOperation[] = [
  {
    method: "POST",
    paths: ["", ":send"],
    run(call) {
      const payloads = readInvocation(call);
      const hub = hubOf(call);
      if (hub !== undefined) {
        delivery.toAll(hub, { kind: "broadcastData", excludedList: call.query.all("excluded"), payloads });
      }
      return ACCEPTED;
    },
  },
  {
    method: "POST",
    paths: ["groups/{group}", "groups/{group}/:send"],
    run(call) {
      const payloads = readInvocation(call);
      const hub = hubOf(call);
      if (hub !== undefined) {
        delivery.toGroup(hub, {
          kind: "groupBroadcastData",
          groupName: call.part("group"),
          excludedList: call.query.all("excluded"),
          payloads,
          excludedUserList: [],
          callerUserId: null,
        });
      }
      return ACCEPTED;
    },
  },
  {
    method: "POST",
    paths: ["users/{user}", "users/{user}/:send"],
    run(call) {
      const payloads = readInvocation(call);
      const hub = hubOf(call);
      if (hub !== undefined) delivery.toUser(hub, { kind: "userData", userId: call.part("user"), payloads });
      return ACCEPTED;
    },
  },
  {
    method: "POST",
    paths: ["connections/{connection}", "connections/{connection}/:send"],
    run(call: RestCall) {
      const payloads = readInvocation(call);
      const hub = hubOf(call);
      if (hub !== undefined) {
        delivery.toConnections(hub, {
          kind: "multiConnectionData",
          connectionList: [call.part("connection")],
          payloads,
        });
      }
      return ACCEPTED;
    },
  },
];
