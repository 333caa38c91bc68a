import type { App } from "./app.js";
import type { AzureSignalR } from "./azure-signalr.js";
import type { ConnectionString } from "./connection-string.js";
import type { PrivateEndpoint, VirtualNetwork } from "./network.js";
import type { Parameter } from "./parameter.js";

/** A part of an application; `kind` tells which. */
export type Resource = Parameter | ConnectionString | AzureSignalR | VirtualNetwork | PrivateEndpoint | App;
