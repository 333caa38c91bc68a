import { SignalRError } from "../base/errors.js";
import type { ServiceMessage } from "../protocol/service/messages.js";
import type { EndpointRouter, RoutableEndpoint } from "./router.js";

type Endpoints = readonly RoutableEndpoint[];

/**
 * What a router says about a message; undefined: it leaves this kind to the default. May hold the same endpoint several
 * times, and endpoints that are not the hub's.
 *
 * @throws SignalRError ARGUMENT_INVALID when the router returns no array; what it throws itself passes through
 */
export function askRouter(
  router: EndpointRouter,
  message: ServiceMessage,
  endpoints: Endpoints,
): Endpoints | undefined {
  switch (message.kind) {
    case "broadcastData":
    case "closeConnectionsWithAck":
      return router.broadcast && checked("broadcast", router.broadcast(endpoints));
    case "groupBroadcastData":
    case "joinGroup":
    case "joinGroupWithAck":
    case "checkUserInGroupWithAck":
    case "checkGroupExistenceWithAck":
    case "closeGroupConnectionsWithAck":
    case "groupMemberQuery":
      return forGroup(router, message.groupName, endpoints);
    case "leaveGroup":
    case "leaveGroupWithAck":
      // Without a group it means all groups of one client.
      return message.groupName === null
        ? forConnection(router, message.connectionId, endpoints)
        : forGroup(router, message.groupName, endpoints);
    case "multiGroupBroadcastData":
      return forEach(message.groupList, (name) => forGroup(router, name, endpoints));
    case "userData":
    case "userJoinGroup":
    case "userLeaveGroup":
    case "userJoinGroupWithAck":
    case "userLeaveGroupWithAck":
    case "checkUserExistenceWithAck":
    case "closeUserConnectionsWithAck":
      return forUser(router, message.userId, endpoints);
    case "multiUserData":
      return forEach(message.userList, (userId) => forUser(router, userId, endpoints));
    case "multiConnectionData":
      return forEach(message.connectionList, (id) => forConnection(router, id, endpoints));
    case "connectionData":
    case "closeConnection":
    case "closeConnectionWithAck":
    case "checkConnectionExistenceWithAck":
    case "clientInvocation":
    case "clientCompletion":
    case "errorCompletion":
    case "updateConnectionClaims":
      return forConnection(router, message.connectionId, endpoints);
    default:
      return undefined;
  }
}

function forGroup(router: EndpointRouter, name: string, endpoints: Endpoints): Endpoints | undefined {
  return router.group && checked("group", router.group(name, endpoints));
}

function forUser(router: EndpointRouter, userId: string, endpoints: Endpoints): Endpoints | undefined {
  return router.user && checked("user", router.user(userId, endpoints));
}

function forConnection(router: EndpointRouter, id: string, endpoints: Endpoints): Endpoints | undefined {
  return router.connection && checked("connection", router.connection(id, endpoints));
}

function forEach(names: readonly string[], ask: (name: string) => Endpoints | undefined): Endpoints | undefined {
  const all: RoutableEndpoint[] = [];
  for (const name of names) {
    const some = ask(name);
    // A router has the method for all names, or for none.
    if (some === undefined) return undefined;
    all.push(...some);
  }
  return all;
}

function checked(method: string, answer: unknown): Endpoints {
  if (Array.isArray(answer)) return answer;
  const found = answer instanceof Promise ? "a promise, and messages cannot wait for one" : typeof answer;
  throw new SignalRError(
    "ARGUMENT_INVALID",
    `endpointRouter.${method} must return an array of endpoints, got ${found}.`,
  );
}
