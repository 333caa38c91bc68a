import type {
  BroadcastData,
  GroupBroadcastData,
  MultiConnectionData,
  ServiceMessage,
  UserData,
} from "../../protocol/service/messages.js";
import * as delivery from "../delivery.js";
import type { HubSpace } from "../hub-space.js";
import { ACCEPTED, type RestAnswer } from "./rest-answer.js";
import { readInvocation } from "./rest-body.js";
import { hubOf, type RestCall, type RestOperation, show } from "./rest-call.js";

/** Messages to clients. Taken whether or not anybody is there; older callers leave out `:send`. */
export const SEND_OPERATIONS: readonly RestOperation[] = [
  {
    method: "POST",
    paths: ["", ":send"],
    run(call) {
      const excludedList = call.query.all("excluded");
      const message: BroadcastData = { kind: "broadcastData", excludedList, payloads: readInvocation(call) };
      return send(call, message, delivery.toAll);
    },
  },
  {
    method: "POST",
    paths: ["groups/{group}", "groups/{group}/:send"],
    run(call) {
      const message: GroupBroadcastData = {
        kind: "groupBroadcastData",
        groupName: call.part("group"),
        excludedList: call.query.all("excluded"),
        payloads: readInvocation(call),
        excludedUserList: [],
        callerUserId: null,
      };
      return send(call, message, delivery.toGroup);
    },
  },
  {
    method: "POST",
    paths: ["users/{user}", "users/{user}/:send"],
    run(call) {
      const message: UserData = { kind: "userData", userId: call.part("user"), payloads: readInvocation(call) };
      return send(call, message, delivery.toUser);
    },
  },
  {
    method: "POST",
    paths: ["connections/{connection}", "connections/{connection}/:send"],
    run(call) {
      const connectionList = [call.part("connection")];
      const message: MultiConnectionData = {
        kind: "multiConnectionData",
        connectionList,
        payloads: readInvocation(call),
      };
      return send(call, message, delivery.toConnections);
    },
  },
];

function send<M extends ServiceMessage>(
  call: RestCall,
  message: M,
  deliver: (hub: HubSpace, message: M) => void,
): RestAnswer {
  show(call, message);
  const hub = hubOf(call);
  if (hub !== undefined) deliver(hub, message);
  return ACCEPTED;
}
