import { arch, platform } from "node:os";
import { PACKAGE_VERSION } from "../base/package-version.js";

/** How a server presents itself to the service: package, runtime, system. */
export function defaultUserAgent(): string {
  return `azure-signalr-server/${PACKAGE_VERSION} (Node.js ${process.versions.node}; ${platform()}; ${arch()})`;
}
