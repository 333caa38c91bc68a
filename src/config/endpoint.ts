import type { TokenCredential } from "@azure/core-auth";
import type { Secret } from "../base/secret.js";

export type EndpointType = "primary" | "secondary";

/** How this process proves itself to one endpoint. */
export type EndpointCredential = { readonly kind: "accessKey"; readonly accessKey: Secret } | EntraCredential;

/** An identity of Microsoft Entra ID: one that is described by a connection string, or one that code gives. */
export type EntraCredential =
  | {
      readonly kind: "entra";
      readonly credential: "default" | "managedIdentity" | "clientSecret" | "clientCertificate";
      readonly clientId?: string;
      readonly tenantId?: string;
      readonly clientSecret?: Secret;
      /** Path of the certificate file. */
      readonly clientCertificate?: string;
    }
  | {
      readonly kind: "entra";
      readonly credential: "given";
      /** A function, so that printing an endpoint does not print what the application's object holds. */
      readonly tokenCredential: () => TokenCredential;
    };

/** What a connection string says; URLs in lower case, without trailing slash and default port. */
export interface ConnectionString {
  readonly endpoint: string;
  /** Where clients are sent; `endpoint` unless the string says otherwise. */
  readonly clientEndpoint: string;
  /** Where server connections and REST calls go; `endpoint` unless the string says otherwise. */
  readonly serverEndpoint: string;
  readonly hasClientEndpoint: boolean;
  readonly hasServerEndpoint: boolean;
  /** `scheme://host/`: audiences carry no port. */
  readonly audienceBaseUrl: string;
  readonly credential: EndpointCredential;
  readonly version: string | undefined;
}

/** One Azure SignalR Service (or emulator) that this process works with. */
export interface ServiceEndpoint extends ConnectionString {
  /** Empty for the nameless one. */
  readonly name: string;
  readonly type: EndpointType;
}
