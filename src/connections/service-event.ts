import { foreignText } from "../base/foreign-text.js";
import { type ServiceEvent, ServiceEventKind, ServiceEventObject } from "../protocol/service/messages.js";

/** What the service reports, as a sentence for the log. */
export function serviceEventText({ eventKind, objectType, objectId, message }: ServiceEvent): string {
  const event = nameOf(ServiceEventKind, eventKind);
  const object = nameOf(ServiceEventObject, objectType);
  return `The service reports ${event} about ${object} (${foreignText(objectId ?? "no id")}): ${foreignText(message)}`;
}

/** The name of a number of the protocol, or the number itself where this version knows no name for it. */
function nameOf(names: Readonly<Record<string, number>>, wanted: number): string {
  return Object.entries(names).find(([, value]) => value === wanted)?.[0] ?? String(wanted);
}
