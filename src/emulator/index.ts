/**
 * Azure SignalR Service on one machine, for development and tests.
 *
 * @packageDocumentation
 */
export { type Emulator, startEmulator } from "./emulator.js";
export { EMULATOR_DEFAULTS, type EmulatorOptions } from "./options.js";
export type { HubSnapshot, ServerSnapshot } from "./service.js";
