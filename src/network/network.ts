import { X509Certificate } from "node:crypto";
import type { Agent } from "node:http";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { HttpsProxyAgent } from "https-proxy-agent";
import { SignalRError, toError } from "../base/errors.js";
import { environmentProxy } from "./environment-proxy.js";
import type { NetworkOptions, TlsOptions } from "./options.js";

type SecureOptions = Pick<SecureContextOptions, "ca" | "cert" | "key" | "passphrase">;

/** How one address is reached. */
export interface Way {
  /** Undefined: directly. */
  readonly agent: Agent | undefined;
  /** For the options of a request. */
  readonly tls: SecureOptions;
  /** Host and port of the proxy, for texts; undefined: none. */
  readonly proxy: string | undefined;
}

/** The ways out of this process to the service. */
export interface Network {
  /** @param url http, https, ws or wss */
  to(url: string): Way;
}

const EXAMPLE = "an http:// or https:// URL, such as http://proxy.example.org:3128";

/**
 * Checks the options and the variables for proxies.
 * @throws SignalRError CONFIG_INVALID; never shows a proxy's address, which may hold a password
 */
export function createNetwork(
  options: NetworkOptions = {},
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Network {
  const tls = secureOptions(options.tls);
  const direct: Way = Object.freeze({ agent: undefined, tls, proxy: undefined });
  const known = new Map<string, Way>();
  const through = (proxy: URL): Way => {
    const found = known.get(proxy.href);
    if (found !== undefined) return found;
    const { address, headers } = withoutPassword(proxy);
    // The certificates hold for the way to a proxy, too, when that is an https one.
    const agent = new HttpsProxyAgent(address, { ...tls, headers });
    const way: Way = Object.freeze({ agent, tls, proxy: proxy.host });
    known.set(proxy.href, way);
    return way;
  };

  const given = options.proxy ?? undefined;
  if (given === false) return Object.freeze({ to: () => direct });
  if (given !== undefined) {
    const way = through(proxyUrl(String(given), "proxy", `${EXAMPLE}, or false for none`));
    return Object.freeze({ to: () => way });
  }
  return Object.freeze({
    to(url: string): Way {
      const found = environmentProxy(new URL(url), variables);
      if (found === undefined) return direct;
      const { variable, value } = found;
      // A bare host and port are common in this variable.
      return through(proxyUrl(value.includes("://") ? value : `http://${value}`, variable, EXAMPLE));
    },
  });
}

function proxyUrl(text: string, place: string, allowed: string): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if ((url.protocol === "http:" || url.protocol === "https:") && isDecodable(url)) return url;
  }
  throw new SignalRError("CONFIG_INVALID", `${place} cannot be used as a proxy; allowed is ${allowed}.`);
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

/** The password goes into a function: the agent's own debug output, and whoever prints the agent, shows everything else. */
function withoutPassword(proxy: URL): { readonly address: URL; readonly headers: () => Record<string, string> } {
  const address = new URL(proxy);
  address.username = "";
  address.password = "";
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const basic = `Basic ${Buffer.from(user).toString("base64")}`;
  return { address, headers: () => (user === ":" ? {} : { "Proxy-Authorization": basic }) };
}

function secureOptions(given: TlsOptions | undefined): SecureOptions {
  if (given === undefined || given === null) return Object.freeze({});
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new SignalRError(
      "CONFIG_INVALID",
      `tls must be an object { ca, cert, key, passphrase }, got ${typeof given}.`,
    );
  }
  const { ca, cert, key, passphrase } = given;
  const authorities = ca === undefined ? undefined : [ca].flat();
  const options: SecureOptions = Object.freeze({
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  // Node takes an authority that is none without a word, and trusts nobody then.
  for (const authority of authorities ?? []) check("tls.ca", () => new X509Certificate(authority));
  check("tls.cert or tls.key", () => createSecureContext(options));
  return options;
}

function check(place: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    const reason = toError(error).message.split("\n", 1)[0] ?? "";
    throw new SignalRError("CONFIG_INVALID", `${place} cannot be used: ${reason}. Give the text of a PEM file.`);
  }
}
