import { restoreUser, shortClaimType } from "../auth/claims.js";
import type { ClientIdentity, HubHttpContext, HubUser, UserClaim } from "../hub/context.js";
import type { OpenConnection } from "../protocol/service/messages.js";

/** Query members that belong to the service, not to the app. */
const SERVICE_QUERY = /^(hub|id|access_token|asrs.*)$/i;

/** Who the client of an OpenConnection message is. Parts are made when a hub asks for them. */
export class ServiceClientIdentity implements ClientIdentity {
  readonly connectionId: string;
  #open: Pick<OpenConnection, "claims" | "headers" | "queryString">;
  #user: RestoredHubUser | undefined;
  #httpContext: HubHttpContext | undefined;

  constructor(message: OpenConnection) {
    this.connectionId = message.connectionId;
    this.#open = { claims: message.claims, headers: message.headers, queryString: message.queryString };
  }

  get userIdentifier(): string | null {
    return this.#restored.userIdentifier;
  }

  get user(): HubUser {
    return this.#restored;
  }

  get httpContext(): HubHttpContext {
    this.#httpContext ??= httpContextOf(this.#open);
    return this.#httpContext;
  }

  get #restored(): RestoredHubUser {
    this.#user ??= new RestoredHubUser(this.#open.claims);
    return this.#user;
  }
}

class RestoredHubUser implements HubUser {
  readonly claims: readonly UserClaim[];
  readonly isAuthenticated: boolean;
  readonly userIdentifier: string | null;
  readonly #roleType: string;

  constructor(wire: OpenConnection["claims"]) {
    const restored = restoreUser(wire);
    this.claims = Object.freeze(restored.claims.map(([type, value]) => Object.freeze({ type, value })));
    this.isAuthenticated = restored.authenticationType !== null && restored.authenticationType !== "";
    this.userIdentifier = restored.userIdentifier ?? null;
    this.#roleType = restored.roleType;
  }

  get(type: string): string | undefined {
    const wanted = shortClaimType(type);
    return this.claims.find((claim) => shortClaimType(claim.type) === wanted)?.value;
  }

  getAll(type: string): readonly string[] {
    const wanted = shortClaimType(type);
    return this.claims.filter((claim) => shortClaimType(claim.type) === wanted).map((claim) => claim.value);
  }

  isInRole(role: string): boolean {
    return this.getAll(this.#roleType).includes(role);
  }
}

function httpContextOf(open: Pick<OpenConnection, "headers" | "queryString">): HubHttpContext {
  const all = new URLSearchParams(open.queryString);
  const query = new URLSearchParams([...all].filter(([name]) => !SERVICE_QUERY.test(name)));
  const headers = new Headers();
  for (const [name, values] of open.headers) {
    for (const value of values) appendHeader(headers, name, value);
  }
  return Object.freeze({
    path: all.get("asrs.op") ?? "",
    query,
    headers,
    culture: all.get("asrs_lang") ?? undefined,
    remoteAddress: headers.get("x-forwarded-for")?.split(",")[0]?.trim(),
  });
}

/** Headers come from a client through the service: what is no legal header is left out. */
function appendHeader(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    // Not a header that HTTP allows, so no code can be waiting for it.
  }
}
