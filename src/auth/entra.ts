import type { TokenCredential } from "@azure/core-auth";
import { SignalRError, toError } from "../base/errors.js";
import type { EntraCredential } from "../config/endpoint.js";

/** What is used of `@azure/identity`. Said in our own words, so that our types need no package that may be absent. */
export interface IdentityLibrary {
  readonly DefaultAzureCredential: new () => TokenCredential;
  readonly ManagedIdentityCredential: new (options?: { readonly clientId: string }) => TokenCredential;
  readonly ClientSecretCredential: new (tenantId: string, clientId: string, clientSecret: string) => TokenCredential;
  readonly ClientCertificateCredential: new (tenantId: string, clientId: string, path: string) => TokenCredential;
}

/**
 * The identity that an endpoint asks for. `@azure/identity` is loaded only here, and only when code gives no credential
 * itself: an app with an access key neither needs it nor waits for it.
 *
 * @throws SignalRError CONFIG_INVALID when the package is not installed, or does not take what the connection string says
 */
export async function createTokenCredential(
  entra: EntraCredential,
  loadIdentity: () => Promise<IdentityLibrary> = () => import("@azure/identity"),
): Promise<TokenCredential> {
  if (entra.credential === "given") return entra.tokenCredential();
  const identity = await loaded(loadIdentity);
  try {
    return create(identity, entra);
  } catch (error) {
    const cause = toError(error);
    throw new SignalRError("CONFIG_INVALID", `@azure/identity refuses the connection string: ${cause.message}`, {
      cause,
    });
  }
}

function create(identity: IdentityLibrary, entra: Exclude<EntraCredential, { credential: "given" }>): TokenCredential {
  const { clientId = "", tenantId = "", clientSecret, clientCertificate = "" } = entra;
  switch (entra.credential) {
    case "default":
      return new identity.DefaultAzureCredential();
    case "managedIdentity":
      return clientId === ""
        ? new identity.ManagedIdentityCredential()
        : new identity.ManagedIdentityCredential({ clientId });
    case "clientSecret":
      return new identity.ClientSecretCredential(tenantId, clientId, clientSecret?.reveal() ?? "");
    case "clientCertificate":
      return new identity.ClientCertificateCredential(tenantId, clientId, clientCertificate);
  }
}

async function loaded(loadIdentity: () => Promise<IdentityLibrary>): Promise<IdentityLibrary> {
  try {
    return await loadIdentity();
  } catch (error) {
    const cause = toError(error);
    throw new SignalRError(
      "CONFIG_INVALID",
      `Microsoft Entra ID needs the package @azure/identity, which cannot be loaded (${firstLine(cause.message)}): run npm install @azure/identity, pass a credential of your own, or put AccessKey=... into the connection string.`,
      { cause },
    );
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
