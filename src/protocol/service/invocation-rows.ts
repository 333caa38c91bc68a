import { extensionPart, NO_EXTENSIONS, TRACING, TRACING_PROTOCOL, writeExtensions } from "./extensions.js";
import { payloadsSize, readPayloads, writePayloads } from "./fields.js";
import type { ClientCompletion, ServiceExtensions } from "./messages.js";
import type { Rows } from "./row.js";

/** Results that a server asks of a client, across servers. */
export const invocationRows: Rows<"clientInvocation" | "clientCompletion" | "errorCompletion" | "serviceMapping"> = {
  clientInvocation: {
    type: 34,
    items: 6,
    least: 6,
    size: (message) => payloadsSize(message.payloads),
    write(writer, message) {
      writer.str(message.invocationId);
      writer.str(message.connectionId);
      writer.str(message.callerServerId);
      writePayloads(writer, message.payloads);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "clientInvocation",
      invocationId: reader.str(),
      connectionId: reader.str(),
      callerServerId: reader.str(),
      payloads: readPayloads(reader),
      ...extensionPart(reader, items, 5, TRACING),
    }),
  },
  clientCompletion: {
    type: 35,
    items: 7,
    least: 7,
    size: (message) => message.payload.length,
    write(writer, message) {
      writer.str(message.invocationId);
      writer.str(message.connectionId);
      writer.str(message.callerServerId);
      writer.strOrNil(message.protocol);
      writer.bin(message.payload);
      // Older peers look for the protocol among the extensions.
      writeExtensions(writer, withProtocol(message), TRACING_PROTOCOL);
    },
    read(reader, items) {
      const invocationId = reader.str();
      const connectionId = reader.str();
      const callerServerId = reader.str();
      const item = reader.strOrNil();
      const payload = reader.bin();
      const { ext } = extensionPart(reader, items, 6, TRACING_PROTOCOL);
      // The two places are one property for the official SDK, where the one read last wins.
      const protocol = ext?.protocol ?? item;
      const message = {
        kind: "clientCompletion",
        invocationId,
        connectionId,
        callerServerId,
        protocol,
        payload,
      } as const;
      return ext === undefined ? message : { ...message, ext };
    },
  },
  errorCompletion: {
    type: 36,
    items: 6,
    least: 6,
    write(writer, message) {
      writer.str(message.invocationId);
      writer.str(message.connectionId);
      writer.str(message.callerServerId);
      writer.strOrNil(message.error);
      writeExtensions(writer, message.ext, TRACING);
    },
    read: (reader, items) => ({
      kind: "errorCompletion",
      invocationId: reader.str(),
      connectionId: reader.str(),
      callerServerId: reader.str(),
      error: reader.strOrNil(),
      ...extensionPart(reader, items, 5, TRACING),
    }),
  },
  serviceMapping: {
    type: 37,
    items: 5,
    least: 5,
    write(writer, message) {
      writer.str(message.invocationId);
      writer.str(message.connectionId);
      writer.str(message.instanceId);
      writeExtensions(writer, message.ext, NO_EXTENSIONS);
    },
    read: (reader, items) => ({
      kind: "serviceMapping",
      invocationId: reader.str(),
      connectionId: reader.str(),
      instanceId: reader.str(),
      ...extensionPart(reader, items, 4, NO_EXTENSIONS),
    }),
  },
};

function withProtocol({ protocol, ext }: ClientCompletion): ServiceExtensions | undefined {
  return protocol === null ? ext : { ...ext, protocol };
}
