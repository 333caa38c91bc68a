import { arch, platform } from "node:os";

/** How a server presents itself to the service: package, runtime, system. */
export function defaultUserAgent(version?: string): string {
  const name = version === undefined ? "azure-signalr-server" : `azure-signalr-server/${version}`;
  return `${name} (Node.js ${process.versions.node}; ${platform()}; ${arch()})`;
}
