type Variables = Readonly<Record<string, string | undefined>>;

/** A proxy that an environment variable asks for. */
export interface FoundProxy {
  readonly variable: string;
  readonly value: string;
}

/**
 * The proxy for an address by the usual variables, in either case: HTTPS_PROXY or HTTP_PROXY by the address's scheme, else
 * ALL_PROXY; undefined for what NO_PROXY excepts, and for this machine itself.
 */
export function environmentProxy(target: URL, variables: Variables): FoundProxy | undefined {
  if (isThisMachine(target.hostname) || isExcepted(target, variables)) return undefined;
  const isSecure = target.protocol === "https:" || target.protocol === "wss:";
  for (const variable of [isSecure ? "HTTPS_PROXY" : "HTTP_PROXY", "ALL_PROXY"]) {
    const value = variableOf(variable, variables);
    if (value !== undefined) return { variable, value };
  }
  return undefined;
}

/** The lower-case form wins, as in curl. An empty text counts as not set. */
function variableOf(variable: string, variables: Variables): string | undefined {
  return variables[variable.toLowerCase()]?.trim() || variables[variable]?.trim() || undefined;
}

/** `host`, `host:port`, `.domain` or `*.domain`, separated by commas or blanks; a name stands for what is below it too. */
function isExcepted(target: URL, variables: Variables): boolean {
  const host = target.hostname.toLowerCase();
  const port = target.port || (target.protocol === "https:" || target.protocol === "wss:" ? "443" : "80");
  const patterns = (variableOf("NO_PROXY", variables) ?? "").toLowerCase().split(/[\s,]+/);
  return patterns.some((pattern) => {
    if (pattern === "*") return true;
    const [, name = "", wantedPort] = /^\*?\.?(\[[^\]]+\]|[^:]*|.*)(?::(\d+))?$/.exec(pattern) ?? [];
    if (name === "" || (wantedPort !== undefined && wantedPort !== port)) return false;
    return host === name || host === `[${name}]` || host.endsWith(`.${name}`);
  });
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
