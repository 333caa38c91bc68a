import { type BicepExpression, type BicepValue, toBicep } from "../bicep/values.js";

/** The type of the Azure resource, with the version of its description. */
export const SIGNALR_TYPE = "Microsoft.SignalRService/signalR@2024-03-01";

/** Sizes of the service. */
export type SignalRSkuName = "Free_F1" | "Standard_S1" | "Premium_P1" | "Premium_P2";

/** Size, and number of units. */
export interface SignalRSku {
  name: BicepValue<SignalRSkuName>;
  capacity?: BicepValue<number>;
}

/** A switch of the service. */
export interface SignalRFeature {
  flag: BicepValue<"ServiceMode" | "EnableConnectivityLogs" | "EnableMessagingLogs" | "EnableLiveTrace">;
  value: BicepValue<string>;
}

/** Kinds of requests, for network rules. */
export type SignalRRequestType = "ClientConnection" | "ServerConnection" | "RESTAPI" | "Trace";

/** Which requests pass. */
export interface SignalRNetworkAcl {
  allow?: Array<BicepValue<SignalRRequestType>>;
  deny?: Array<BicepValue<SignalRRequestType>>;
}

/** Network rules. */
export interface SignalRNetworkAcls {
  defaultAction?: BicepValue<"Allow" | "Deny">;
  privateEndpoints?: Array<SignalRNetworkAcl & { name: BicepValue<string> }>;
  publicNetwork?: SignalRNetworkAcl;
}

/** A kind of log. */
export interface SignalRLogCategory {
  name: BicepValue<string>;
  enabled: BicepValue<"true" | "false">;
}

/** Where Serverless mode sends what clients do. Patterns are `*`, a name, or names with commas between. */
export interface SignalRUpstreamTemplate {
  hubPattern?: BicepValue<string>;
  categoryPattern?: BicepValue<string>;
  eventPattern?: BicepValue<string>;
  /** E.g. `https://example.com/upstream`. */
  urlTemplate: BicepValue<string>;
  auth?: {
    type: BicepValue<"None" | "ManagedIdentity">;
    managedIdentity?: { resource: BicepValue<string> };
  };
}

/** Who the service is, for what it calls itself. */
export interface SignalRIdentity {
  type: BicepValue<"None" | "SystemAssigned" | "UserAssigned">;
  userAssignedIdentities?: Record<string, object>;
}

/** The Azure resource `Microsoft.SignalRService/signalR`. Members that are undefined are not written: Azure's default counts. */
export interface SignalRServiceResource {
  /** Name in Azure; 3 to 63 characters. @default made of the resource's name and a hash of the resource group */
  name: BicepValue<string>;
  /** @default the location of the deployment */
  location: BicepValue<string>;
  /** Origins that browsers may come from. @default ["*"] */
  corsAllowedOrigins: Array<BicepValue<string>> | undefined;
  /** Refuses Microsoft Entra ID. @default not written */
  disableAadAuth: BicepValue<boolean> | undefined;
  /** Refuses access keys. @default true */
  disableLocalAuth: BicepValue<boolean> | undefined;
  /** @default the service mode */
  features: SignalRFeature[] | undefined;
  /** @default not written */
  tls: { clientCertEnabled: BicepValue<boolean> } | undefined;
  /** @default not written */
  liveTraceConfiguration: { enabled: BicepValue<"true" | "false">; categories?: SignalRLogCategory[] } | undefined;
  /** @default not written */
  networkACLs: SignalRNetworkAcls | undefined;
  /** @default not written; "Disabled" once there is a private endpoint */
  publicNetworkAccess: BicepValue<"Enabled" | "Disabled"> | undefined;
  /** Premium only: stops one region's endpoint. @default not written */
  regionEndpointEnabled: BicepValue<"Enabled" | "Disabled"> | undefined;
  /** @default not written */
  resourceLogConfiguration: { categories: SignalRLogCategory[] } | undefined;
  /** Stops the service. @default not written */
  resourceStopped: BicepValue<"true" | "false"> | undefined;
  /** @default not written */
  serverless: { connectionTimeoutInSeconds: BicepValue<number> } | undefined;
  /** @default not written */
  upstream: { templates: SignalRUpstreamTemplate[] } | undefined;
  /** @default not written */
  identity: SignalRIdentity | undefined;
  /** @default "SignalR" */
  kind: BicepValue<"SignalR" | "RawWebSockets">;
  /** @default Free_F1, 1 unit */
  sku: SignalRSku;
  /** @default `aspire-resource-name`, the resource's name */
  tags: Record<string, BicepValue<string>>;
}

/** The resource's body, members in the order of .NET Aspire. */
export function signalRServiceBody(service: SignalRServiceResource): BicepExpression {
  const { corsAllowedOrigins: allowedOrigins } = service;
  return toBicep({
    name: service.name,
    location: service.location,
    properties: {
      cors: allowedOrigins === undefined ? undefined : { allowedOrigins },
      disableAadAuth: service.disableAadAuth,
      disableLocalAuth: service.disableLocalAuth,
      features: service.features,
      tls: service.tls,
      liveTraceConfiguration: service.liveTraceConfiguration,
      networkACLs: service.networkACLs,
      publicNetworkAccess: service.publicNetworkAccess,
      regionEndpointEnabled: service.regionEndpointEnabled,
      resourceLogConfiguration: service.resourceLogConfiguration,
      resourceStopped: service.resourceStopped,
      serverless: service.serverless,
      upstream: service.upstream,
    },
    identity: service.identity,
    kind: service.kind,
    sku: { name: service.sku.name, capacity: service.sku.capacity },
    tags: Object.keys(service.tags).length === 0 ? undefined : service.tags,
  });
}
