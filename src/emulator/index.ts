/**
 * Azure SignalR Service on one machine, for development and tests.
 *
 * @packageDocumentation
 */
export type { ServiceMessage } from "../protocol/service/messages.js";
export type { TransportName } from "./client-transport.js";
export { type Emulator, startEmulator } from "./emulator.js";
export type { PassedMessage, PassedMessages, TapOptions } from "./message-tap.js";
export { EMULATOR_DEFAULTS, type EmulatorOptions, type EmulatorTls } from "./options.js";
export type { EmulatorMode } from "./serverless/hub-modes.js";
export type { UpstreamAuth, UpstreamTemplate } from "./serverless/upstream-template.js";
export type { ClientSnapshot, GroupSnapshot, HubSnapshot, InstanceSnapshot, ServerSnapshot } from "./snapshots.js";
