import type { Probe } from "../../base/probe.js";
import { type Emulator, startEmulator } from "../../emulator/emulator.js";
import type { AzureSignalR } from "../resources/azure-signalr.js";

/**
 * Starts an emulator, which serves the mode of the resource unless its options say another one. What it has to complain about
 * goes to `onLine`.
 *
 * @throws SignalRError PORT_IN_USE, CONFIG_INVALID, EMULATOR_FAILED
 */
export async function startEmulatorOf(resource: AzureSignalR, onLine: (line: string) => void): Promise<Emulator> {
  return await startEmulator({
    port: 0,
    mode: resource.serviceMode === "Serverless" ? "serverless" : "default",
    probe: complaints(onLine),
    ...resource.emulator,
  });
}

function complaints(onLine: (line: string) => void): Probe {
  const isLoud = (level: string): boolean => level === "warn" || level === "error";
  return {
    isEnabled: isLoud,
    log: ({ level, message }) => {
      // Names that clients made up must not steer the terminal.
      if (isLoud(level)) onLine(`${level}: ${message.replace(/\p{Cc}/gu, "?")}`);
    },
  };
}
