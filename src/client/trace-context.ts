import type { HubMessage, IHubProtocol } from "@microsoft/signalr";

/** Puts headers such as `traceparent` of what is going on now into the object. */
export type InjectHeaders = (headers: Record<string, string>) => void;

const INVOCATION = 1;
const STREAM_INVOCATION = 4;

/**
 * A hub protocol whose calls carry the trace that they are made in, so that the hub's spans continue it. What is written
 * into the headers is up to you, so this needs no library of its own.
 *
 * @example
 * import { context, propagation } from "@opentelemetry/api";
 * const protocol = withTraceContext(new JsonHubProtocol(), (headers) => propagation.inject(context.active(), headers));
 * const connection = new HubConnectionBuilder().withUrl("/chat").withHubProtocol(protocol).build();
 */
export function withTraceContext(protocol: IHubProtocol, inject: InjectHeaders): IHubProtocol {
  return {
    name: protocol.name,
    version: protocol.version,
    transferFormat: protocol.transferFormat,
    parseMessages: (input, logger) => protocol.parseMessages(input, logger),
    writeMessage: (message) => protocol.writeMessage(traced(message, inject)),
  };
}

/** Called while the application's own call is still on the stack, so what is going on is what called. */
function traced(message: HubMessage, inject: InjectHeaders): HubMessage {
  if (message.type !== INVOCATION && message.type !== STREAM_INVOCATION) return message;
  const headers: Record<string, string> = { ...message.headers };
  inject(headers);
  return Object.keys(headers).length === 0 ? message : { ...message, headers };
}
