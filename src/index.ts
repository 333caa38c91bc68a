/**
 * SignalR hubs in TypeScript, scaled by Azure SignalR Service. Web frameworks have doors of their own:
 * `azure-signalr-server/express` serves Express, Connect and plain HTTP servers, and is what is exported here too.
 *
 * @packageDocumentation
 */
export type { ClaimItem, ClaimsInput } from "./auth/user-claims.js";
export { type ErrorCode, HubException, SignalRError } from "./base/errors.js";
export type { EndpointType, ServiceEndpoint } from "./config/endpoint.js";
export type { ConfigurationInput, EndpointOptions } from "./config/load.js";
export type {
  AccessTokenAlgorithm,
  GracefulShutdownMode,
  ServerStickyMode,
  ServiceMode,
  ServiceOptions,
} from "./config/options.js";
export type { EndpointInput } from "./config/service-endpoint.js";
export {
  defaultEndpointRouter,
  type EndpointRouter,
  type NegotiateRoute,
  type RoutableEndpoint,
  type RoutableEndpointMetrics,
} from "./connections/router.js";
export {
  addNamedAzureSignalR,
  type ConnectRequest,
  type ExpressSignalROptions,
  type Next,
  type SignalRMiddleware,
  signalr,
} from "./express/index.js";
export type { ClientTermsOptions, TransportName } from "./host/client-terms.js";
export type {
  EndpointAnswer,
  EndpointHealth,
  HealthFailure,
  HealthReport,
  HealthStatus,
  HubEndpointHealth,
  HubHealth,
} from "./host/health.js";
export type { HealthHandlerOptions } from "./host/health-answer.js";
export type { HubContext } from "./host/hub-context.js";
export type { HubsByPath, MapHubOptions } from "./host/hub-map.js";
export type { IdentityOptions } from "./host/identity.js";
export type { NamedService } from "./host/named-service.js";
export type { PathRules } from "./host/negotiate.js";
export type { ServiceSourceOptions } from "./host/service.js";
export type { ProbeOptions } from "./host/service-health.js";
export type { ShutdownHook } from "./host/shutdown.js";
export type { SignalROptions } from "./host/signalr.js";
export type { ClientMethod, ClientMethodArguments, ClientMethodResult, UntypedClient } from "./hub/client-types.js";
export type { ClientProxy, HubCallerClients, HubClients, SingleClientProxy } from "./hub/clients.js";
export type { HubCallerContext, HubHttpContext, HubUser, UserClaim } from "./hub/context.js";
export { type ConnectionFeatures, type ConnectionMigration, connectionMigration } from "./hub/features.js";
export type { HubFilter, HubInvocation, HubLifetime } from "./hub/filters.js";
export type { GroupManager } from "./hub/groups.js";
export { type AnyHub, Hub, type HubClass } from "./hub/hub.js";
export {
  type HubMethodMap,
  type HubMethodOptions,
  hubMethods,
  type MethodAuthorization,
} from "./hub/method-options.js";
export type { HubOptions, HubProtocolName } from "./hub/options.js";
export type { NetworkOptions, TlsOptions } from "./network/options.js";
export type { Logger } from "./telemetry/logs.js";
export type { TelemetryOptions } from "./telemetry/telemetry.js";
