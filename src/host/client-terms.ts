import { SignalRError } from "../base/errors.js";

/** A transport between client and service, by the name that clients know. */
export type TransportName = "WebSockets" | "ServerSentEvents" | "LongPolling";

/** How the application decides, client by client, what the service does with it; all may be async. */
export interface ClientTermsOptions<TRequest> {
  /** Whether the service traces what this client sends and gets. @default nobody is traced */
  diagnosticClientFilter?(req: TRequest): boolean | Promise<boolean>;
  /**
   * Transports that this client may use: names, or their bit mask (1 WebSockets, 2 Server-Sent Events, 4 Long Polling);
   * nothing: what the service allows.
   * @default what the service allows
   */
  transportTypeDetector?(req: TRequest): Transports | Promise<Transports>;
}

type Transports = number | readonly TransportName[] | null | undefined;

/** {@link ClientTermsOptions} decided for one client, as its token says them. */
export interface ClientTerms {
  readonly isDiagnosticClient: boolean;
  /** A bit mask; undefined: not told. */
  readonly httpTransportType: number | undefined;
}

const BITS: Readonly<Record<string, number>> = Object.freeze({ WebSockets: 1, ServerSentEvents: 2, LongPolling: 4 });
const ALL_BITS = 7;

/**
 * Asks the application about a client. Errors of its callbacks pass through.
 * @throws SignalRError CONFIG_INVALID for transports that do not exist, and for none at all
 */
export async function clientTermsOf<TRequest>(
  raw: TRequest,
  options: ClientTermsOptions<TRequest>,
): Promise<ClientTerms> {
  // Only `true` counts: a callback that gives something by mistake must not have all of a client's data traced.
  const isDiagnosticClient = (await options.diagnosticClientFilter?.(raw)) === true;
  return { isDiagnosticClient, httpTransportType: maskOf(await options.transportTypeDetector?.(raw)) };
}

function maskOf(given: Transports): number | undefined {
  if (given === undefined || given === null) return undefined;
  const mask = Array.isArray(given) ? given.reduce<number>((bits, name) => bits | bitOf(name), 0) : given;
  if (typeof mask === "number" && Number.isInteger(mask) && mask >= 1 && mask <= ALL_BITS) return mask;
  throw invalid(Array.isArray(given) ? "an empty array" : String(given));
}

function bitOf(name: unknown): number {
  const bit = typeof name === "string" && Object.hasOwn(BITS, name) ? BITS[name] : undefined;
  if (bit === undefined) throw invalid(`an array with ${typeof name === "string" ? `"${name}"` : typeof name}`);
  return bit;
}

function invalid(found: string): SignalRError {
  return new SignalRError(
    "CONFIG_INVALID",
    `transportTypeDetector must return an array of ${Object.keys(BITS).join(", ")}, a bit mask from 1 to ${ALL_BITS}, or nothing; got ${found}.`,
  );
}
