import type { EndpointFigures } from "../connections/figures.js";
import type { HubFigures, ServiceFigures } from "../host/figures.js";
import type { LoopDelay } from "./event-loop.js";
import { Attribute, type MetricName } from "./names.js";
import type { Attributes } from "./opentelemetry.js";

/** Takes one value of one metric. */
export type Observe = (metric: MetricName, value: number, attributes: Attributes) => void;

/** Tells all values of one named service at one moment. */
export function observeService(figures: ServiceFigures, observe: Observe): void {
  const service = { [Attribute.service]: figures.service };
  observe("azure.signalr.acks.pending", figures.pendingAcks, service);
  observe("azure.signalr.acks.timeouts", figures.ackTimeouts, service);
  for (const [result, count] of figures.negotiations) {
    observe("azure.signalr.negotiations", count, { ...service, [Attribute.negotiateResult]: result });
  }
  for (const hub of figures.hubs) observeHub(hub, { ...service, [Attribute.hub]: hub.hub }, observe);
}

/** Tells how late the event loop was. */
export function observeLoop(delay: LoopDelay, service: string, observe: Observe): void {
  for (const [statistic, seconds] of Object.entries(delay)) {
    const attributes = { [Attribute.service]: service, [Attribute.statistic]: statistic };
    observe("azure.signalr.event_loop.delay", seconds, attributes);
  }
}

function observeHub(figures: HubFigures, hub: Attributes, observe: Observe): void {
  observe("signalr.server.active_connections", figures.clients, hub);
  observe("azure.signalr.invocations.active", figures.runningCalls, hub);
  observe("azure.signalr.invocations.queued", figures.waitingCalls, hub);
  observe("azure.signalr.ping_timeouts", figures.pingTimeouts, { ...hub, [Attribute.peer]: "client" });
  let serviceTimeouts = 0;
  for (const endpoint of figures.endpoints) {
    serviceTimeouts += endpoint.counts.pingTimeouts;
    const attributes = { ...hub, [Attribute.endpoint]: endpoint.endpoint };
    observeEndpoint(endpoint, attributes, observe);
    observeTraffic(endpoint, attributes, observe);
  }
  observe("azure.signalr.ping_timeouts", serviceTimeouts, { ...hub, [Attribute.peer]: "service" });
}

function observeEndpoint(figures: EndpointFigures, endpoint: Attributes, observe: Observe): void {
  const { metrics, counts } = figures;
  observe("azure.signalr.endpoint.online", figures.isOnline ? 1 : 0, {
    ...endpoint,
    [Attribute.endpointType]: figures.type,
  });
  observe("azure.signalr.endpoint.clients", metrics.clientCount, endpoint);
  observe("azure.signalr.endpoint.servers", metrics.serverCount, endpoint);
  observe("azure.signalr.endpoint.capacity", metrics.capacity, endpoint);
  for (const [state, count] of figures.connections) {
    observe("azure.signalr.server_connections", count, { ...endpoint, [Attribute.state]: state });
  }
  observe("azure.signalr.server_connection.reconnects", counts.reconnects, endpoint);
  for (const [code, count] of counts.failures) {
    observe("azure.signalr.server_connection.failures", count, { ...endpoint, [Attribute.errorType]: code });
  }
  observe("azure.signalr.send_buffer.usage", figures.unsentBytes, endpoint);
}

function observeTraffic({ counts }: EndpointFigures, endpoint: Attributes, observe: Observe): void {
  const directions = [
    ["receive", counts.received],
    ["transmit", counts.sent],
  ] as const;
  for (const [direction, kinds] of directions) {
    for (const [kind, { messages, bytes }] of kinds) {
      const attributes = { ...endpoint, [Attribute.direction]: direction, [Attribute.messageKind]: kind };
      observe("azure.signalr.messages", messages, attributes);
      observe("azure.signalr.io", bytes, attributes);
    }
  }
}
