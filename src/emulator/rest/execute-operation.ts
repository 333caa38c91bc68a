import type { ClientConnection } from "../client-connection.js";
import { closeAll } from "../closing.js";
import type { HubSpace } from "../hub-space.js";
import { PreparedPayloads } from "../payloads.js";
import { compileFilter } from "./filter.js";
import { ACCEPTED, badRequest, type RestAnswer } from "./rest-answer.js";
import { encoded, memberOf, readJson, readPayloadMessage } from "./rest-body.js";
import { hubOf, type RestCall, type RestOperation, show } from "./rest-call.js";
import { checkName } from "./rest-names.js";

type Command = (hub: HubSpace, clients: readonly ClientConnection[], call: RestCall) => void;

const MOST_COMMANDS = 100;

/** Several commands for all clients that a filter picks. */
export const EXECUTE_OPERATION: RestOperation = {
  method: "POST",
  paths: [":execute"],
  since: "2023-07-01",
  run: execute,
};

function execute(call: RestCall): RestAnswer {
  const filter = call.query.get("filter");
  const fits = filter === undefined ? () => true : compileFilter(filter);
  const list = readJson(call);
  if (!Array.isArray(list)) throw badRequest("The body has to be a list of commands.", "commands");
  if (list.length > MOST_COMMANDS) throw badRequest(`More than ${MOST_COMMANDS} commands.`, "commands");
  // All are read before the first one is done.
  const commands = list.map(readCommand);
  const hub = hubOf(call);
  if (hub !== undefined) {
    const clients = [...hub.directory.all()].filter(fits);
    for (const command of commands) command(hub, clients, call);
  }
  return ACCEPTED;
}

function readCommand(given: unknown): Command {
  const type = memberOf(given, "type");
  switch (typeof type === "string" ? type.toLowerCase() : undefined) {
    case "sendmessage": {
      const payloads = encoded({ type: 1, ...readPayloadMessage(memberOf(given, "message")) });
      return (_hub, clients, call) => {
        const connectionList = clients.map(({ connectionId }) => connectionId);
        show(call, { kind: "multiConnectionData", connectionList, payloads });
        const prepared = new PreparedPayloads(payloads);
        for (const client of clients) client.deliver(prepared);
      };
    }
    case "joingroup": {
      const group = groupOf(given);
      return (hub, clients) => {
        for (const client of clients) hub.directory.join(client, group);
      };
    }
    case "leavegroup": {
      const group = groupOf(given);
      return (hub, clients) => {
        for (const client of clients) hub.directory.leave(client, group);
      };
    }
    case "closeconnection": {
      const reason = memberOf(given, "reason") ?? null;
      if (reason !== null && typeof reason !== "string") throw badRequest("The reason has to be text.", "reason");
      return (_hub, clients) => closeAll(clients, reason, []);
    }
    default:
      throw badRequest("A command's type is SendMessage, JoinGroup, LeaveGroup or CloseConnection.", "type");
  }
}

function groupOf(given: unknown): string {
  const group = memberOf(given, "group");
  if (typeof group !== "string") throw badRequest("The command has no group.", "group");
  checkName("group", group);
  return group;
}
