import { SignalRError } from "../../base/errors.js";
import * as faults from "../fault-injection.js";
import type { Service } from "../service.js";

/** What the page asks for, as it came: to be checked member by member. */
type Order = Readonly<Record<string, unknown>>;

/** How an order is answered, in HTTP. */
export interface OrderAnswer {
  readonly status: number;
  readonly sentence: string;
}

/** Does one fault; the answer says what was done. Throws SignalRError ARGUMENT_INVALID for a value that makes no sense. */
type Fault = (service: Service, order: Order) => string | OrderAnswer;

const FAULTS: Readonly<Record<string, Fault>> = Object.freeze({
  dropClient: (service, order) => {
    const id = text(order, "connectionId");
    return faults.dropClient(service, id) ? `Client ${id} is cut.` : nobody(`client ${id}`);
  },
  dropClients: (service, order) => {
    const hub = hubOf(order);
    const count = service.clients(hub).length;
    faults.dropClients(service, hub);
    return `${counted(count, "client")} cut${of(hub)}.`;
  },
  dropServerConnection: (service, order) => {
    const id = text(order, "connectionId");
    const isThere = faults.dropServerConnection(service, id);
    return isThere ? `Server connection ${id} is cut.` : nobody(`server connection ${id}`);
  },
  dropServerConnections: (service, order) => {
    const hub = hubOf(order);
    const count = service.links(hub).length;
    faults.dropServerConnections(service, hub);
    return `${counted(count, "server connection")} cut${of(hub)}.`;
  },
  refuseClients: (service, order) => {
    const status = statusOf(order);
    service.faults.refuseClients(status);
    return status === undefined ? "New clients are let in." : `New clients are refused with ${status}.`;
  },
  refuseServers: (service, order) => {
    const status = statusOf(order);
    service.faults.refuseServers(status);
    return status === undefined ? "New servers are let in." : `New server connections are refused with ${status}.`;
  },
  setLatency: (service, order) => {
    const milliseconds = number(order, "milliseconds");
    service.faults.setLatency(milliseconds);
    return milliseconds === 0 ? "Nothing is delayed." : `All to and from servers is delayed by ${milliseconds} ms.`;
  },
  loseAcks: (service, order) => {
    const count = number(order, "count");
    service.faults.loseAcks(count);
    return count === 0 ? "No ack gets lost." : `The next ${count === 1 ? "ack gets" : `${count} acks get`} lost.`;
  },
  loseInstance: (service, order) => {
    const hub = hubOf(order);
    faults.loseInstance(service, hub);
    return `The instance with the clients${of(hub)} is lost.`;
  },
  stopInstance: (service, order) => {
    const id = text(order, "id");
    return faults.stopInstance(service, id) ? `Instance ${id} is stopped.` : nobody(`instance ${id}`);
  },
  restartInstance: (service, order) => {
    const id = text(order, "id");
    return faults.restartInstance(service, id) ? `Instance ${id} is up again.` : nobody(`instance ${id}`);
  },
  rebalance: (service, order) => {
    const hub = hubOf(order);
    faults.rebalance(service, hub);
    return `Each server${of(hub)} is asked for one more connection.`;
  },
  endAll: (service) => {
    service.faults.refuseClients(undefined);
    service.faults.refuseServers(undefined);
    service.faults.setLatency(0);
    service.faults.loseAcks(0);
    for (const { id } of service.instances.all) faults.restartInstance(service, id);
    return "All faults are ended.";
  },
});

/** Does what the page asks for, and answers in a sentence. Never throws. */
export function carryOut(service: Service, body: Buffer): OrderAnswer {
  try {
    const order = parse(body);
    const name = text(order, "fault");
    const fault = Object.hasOwn(FAULTS, name) ? FAULTS[name] : undefined;
    const result = fault === undefined ? nobody("fault of this name") : fault(service, order);
    return typeof result === "string" ? { status: 200, sentence: result } : result;
  } catch (error) {
    if (error instanceof SignalRError) return { status: 400, sentence: error.message };
    return { status: 500, sentence: "The emulator could not do it." };
  }
}

function parse(body: Buffer): Order {
  let order: unknown;
  try {
    order = JSON.parse(body.toString("utf8"));
  } catch {
    throw new SignalRError("ARGUMENT_INVALID", "A fault is ordered in JSON.");
  }
  if (typeof order === "object" && order !== null) return order as Order;
  throw new SignalRError("ARGUMENT_INVALID", 'A fault is ordered as a JSON object, e.g. {"fault":"rebalance"}.');
}

function text(order: Order, name: string): string {
  const value = order[name];
  if (typeof value === "string" && value !== "") return value;
  throw new SignalRError("ARGUMENT_INVALID", `${name} must be a text that is not empty.`);
}

function number(order: Order, name: string): number {
  const value = order[name];
  if (typeof value === "number") return value;
  throw new SignalRError("ARGUMENT_INVALID", `${name} must be a number.`);
}

/** Absent or null: the refusing ends. */
function statusOf(order: Order): number | undefined {
  return order["status"] === undefined || order["status"] === null ? undefined : number(order, "status");
}

/** Absent or null: all hubs. */
function hubOf(order: Order): string | undefined {
  return order["hub"] === undefined || order["hub"] === null ? undefined : text(order, "hub").toLowerCase();
}

function of(hub: string | undefined): string {
  return hub === undefined ? "" : ` of hub ${hub}`;
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what} is` : `${count} ${what}s are`;
}

function nobody(what: string): OrderAnswer {
  return { status: 404, sentence: `There is no ${what}.` };
}
