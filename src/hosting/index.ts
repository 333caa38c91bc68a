/**
 * Describes an application (services, apps, and what they need of each other) once, to run it on this machine and to
 * publish it to Azure.
 *
 * @packageDocumentation
 */
export type { Application, PublishOptions } from "./application.js";
export type { BicepType } from "./bicep/file.js";
export { type BicepExpression, type BicepValue, bicep } from "./bicep/values.js";
export { type Builder, type BuilderOptions, createBuilder } from "./builder.js";
export type { OutputDeclaration, SignalRInfrastructure } from "./infrastructure/signalr-infrastructure.js";
export type * from "./infrastructure/signalr-service.js";
export type { ExecutionMode } from "./model.js";
export type { PublishedFile } from "./publish/files.js";
export type { Publisher, RolesPlacement } from "./publish/options.js";
export type * from "./resources/app.js";
export type * from "./resources/azure-signalr.js";
export type { ConnectionString } from "./resources/connection-string.js";
export type { Endpoint, EndpointOptions, HttpHealthCheck } from "./resources/endpoint.js";
export type { ExistingResource } from "./resources/existing.js";
export type { PrivateEndpoint, Subnet, VirtualNetwork } from "./resources/network.js";
export type { Parameter, ParameterOptions } from "./resources/parameter.js";
export type { Resource } from "./resources/resource.js";
export type { SignalRRole } from "./resources/roles.js";
export type { RunOptions } from "./run/options.js";
export type { RunningApplication } from "./run/running-application.js";
export type { ResourceSnapshot, ResourceState } from "./run/snapshots.js";
export { type Expression, expression, type Reference, resolveValue, type Value } from "./values.js";
