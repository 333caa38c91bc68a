import { DataMessageType, FlowControlOperation, type ServiceMessage } from "../protocol/service/messages.js";
import * as claims from "./claims-handling.js";
import * as closing from "./closing.js";
import * as delivery from "./delivery.js";
import type { HubSpace } from "./hub-space.js";
import * as membership from "./membership.js";
import * as queries from "./queries.js";
import type { ServerLink } from "./server-link.js";
import { answerPing } from "./server-pings.js";

/** Does what a server asks for. Kinds that only a service sends are ignored. */
export function handleServerMessage(hub: HubSpace, link: ServerLink, message: ServiceMessage): void {
  switch (message.kind) {
    case "ping":
      answerPing(hub, link, message);
      break;
    case "connectionData": {
      const client = hub.directory.get(message.connectionId);
      client?.deliverData(message.payload, message.ext?.dataMessageType ?? DataMessageType.Unknown);
      // A client whose handshake was under way when its server began to shut down can be moved only now.
      if (client?.link === link && link.isEmigrating) hub.moves.begin(client);
      break;
    }
    case "multiConnectionData":
      delivery.toConnections(hub, message);
      break;
    case "userData":
      delivery.toUser(hub, message);
      break;
    case "multiUserData":
      delivery.toUsers(hub, message);
      break;
    case "broadcastData":
      delivery.toAll(hub, message);
      break;
    case "groupBroadcastData":
      delivery.toGroup(hub, message);
      break;
    case "multiGroupBroadcastData":
      delivery.toGroups(hub, message);
      break;
    case "joinGroup":
    case "joinGroupWithAck":
      membership.join(hub, link, message);
      break;
    case "leaveGroup":
    case "leaveGroupWithAck":
      membership.leave(hub, link, message);
      break;
    case "userJoinGroup":
    case "userJoinGroupWithAck":
      membership.userJoin(hub, link, message);
      break;
    case "userLeaveGroup":
    case "userLeaveGroupWithAck":
      membership.userLeave(hub, link, message);
      break;
    case "checkUserInGroupWithAck":
      queries.userInGroup(hub, link, message);
      break;
    case "checkGroupExistenceWithAck":
      queries.groupExists(hub, link, message);
      break;
    case "checkConnectionExistenceWithAck":
      queries.connectionExists(hub, link, message);
      break;
    case "checkUserExistenceWithAck":
      queries.userExists(hub, link, message);
      break;
    case "groupMemberQuery":
      queries.groupMembers(hub, link, message);
      break;
    case "closeConnection":
      closing.byApp(hub, link, message);
      break;
    case "closeConnectionWithAck":
      closing.one(hub, link, message);
      break;
    case "closeConnectionsWithAck":
      closing.all(hub, link, message);
      break;
    case "closeUserConnectionsWithAck":
      closing.ofUser(hub, link, message);
      break;
    case "closeGroupConnectionsWithAck":
      closing.ofGroup(hub, link, message);
      break;
    case "clientInvocation":
      hub.calls.invoke(link, message);
      break;
    case "clientCompletion":
    case "errorCompletion":
      hub.calls.complete(link, message);
      break;
    case "connectionFlowControl":
      if (message.operation === FlowControlOperation.PauseAck) hub.moves.paused(link, message.connectionId);
      break;
    case "accessKeyRequest":
      claims.answerAccessKey(hub, link);
      break;
    case "refreshAuth":
      claims.refresh(hub, link, message);
      break;
    case "getConnectionClaims":
      claims.tell(hub, link, message);
      break;
  }
}
