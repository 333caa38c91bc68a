import { once } from "node:events";
import { createServer } from "node:net";
import { SignalRError } from "../../base/errors.js";
import type { App } from "../resources/app.js";
import type { Endpoint } from "../resources/endpoint.js";

/** Where an endpoint is reached, and where each process of the app listens for it. */
export interface EndpointPorts {
  readonly port: number;
  readonly targetPorts: readonly number[];
  /** The port is not the app's own: somebody has to hand connections on. */
  readonly isForwarded: boolean;
}

/** All ports, by app and name of the endpoint. */
export type Ports = ReadonlyMap<App, ReadonlyMap<string, EndpointPorts>>;

/**
 * Gives every endpoint its ports. An app of one process that does not insist on another port listens on the endpoint's port
 * itself; otherwise connections are handed on.
 *
 * @throws SignalRError HOSTING_FAILED when several processes would have to listen on one port
 */
export async function allocatePorts(apps: readonly App[]): Promise<Ports> {
  const free = await freePorts(apps.reduce((sum, app) => sum + app.endpoints.length * (app.replicas + 1), 0));
  const takeFree = (): number => {
    const port = free.pop();
    if (port === undefined) throw new Error("bug: there are more ports in use than were counted");
    return port;
  };
  return new Map(
    apps.map((app) => [
      app,
      new Map(app.endpoints.map((endpoint) => [endpoint.name, portsOf(app, endpoint, takeFree)])),
    ]),
  );
}

function portsOf({ name, replicas }: App, { port, targetPort, ...endpoint }: Endpoint, takeFree: () => number) {
  if (replicas > 1 && targetPort !== undefined) {
    throw new SignalRError(
      "HOSTING_FAILED",
      `${name} has ${replicas} processes, which cannot all listen on port ${targetPort}: leave out targetPort of its endpoint ${endpoint.name}, and let \`env\` tell each its port.`,
    );
  }
  const isForwarded = replicas > 1 || (port !== undefined && targetPort !== undefined && port !== targetPort);
  if (isForwarded) {
    const targetPorts = Array.from({ length: replicas }, () => targetPort ?? takeFree());
    return { port: port ?? takeFree(), targetPorts, isForwarded };
  }
  const only = port ?? targetPort ?? takeFree();
  return { port: only, targetPorts: [only], isForwarded };
}

/** Ports that nobody listens on at the moment. Held together until all are known, so that none comes twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("bug: a TCP server has no port");
    return address.port;
  });
  await Promise.all(
    servers.map(async (server) => {
      server.close();
      await once(server, "close");
    }),
  );
  return ports;
}
