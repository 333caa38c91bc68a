import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { text } from "node:stream/consumers";
import { createAccessKeyTokens } from "../auth/access-key.js";
import { SignalRError } from "../base/errors.js";
import { createEndpoint } from "../config/service-endpoint.js";
import { type EmulatorStatus, STATUS_PATH } from "./status-door.js";

const TIMEOUT_MS = 5000;
const TOKEN_LIFE_MS = 60_000;

/**
 * Asks a running emulator how it is doing.
 *
 * @param connectionString as the emulator prints it
 * @throws SignalRError (as rejection) CONNECTION_STRING_INVALID, EMULATOR_FAILED when no emulator answers there or it
 * does not take the key
 */
export async function askEmulatorStatus(connectionString: string): Promise<EmulatorStatus> {
  const endpoint = createEndpoint({ connectionString });
  const url = `${endpoint.endpoint}${STATUS_PATH}`;
  const tokens = createAccessKeyTokens({ endpoint, serverName: "cli", algorithm: "HS256", lifetimeMs: TOKEN_LIFE_MS });
  const headers = { Authorization: `Bearer ${await tokens.restToken(url)}` };
  const { status, body } = await get(url, headers).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code ?? error.message;
    throw failed(`No emulator answers at ${endpoint.endpoint} (${reason}). Start one, or name its address.`);
  });
  if (status === 401) throw failed(`The emulator at ${endpoint.endpoint} has another access key: name it.`);
  const answer = status === 200 ? parse(body) : undefined;
  if (isStatus(answer)) return answer;
  throw failed(`What answers at ${endpoint.endpoint} is not this emulator (status ${status}).`);
}

// Not `fetch`: it refuses some ports, which an emulator may well listen on.
function get(url: string, headers: Readonly<Record<string, string>>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { headers, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) };
    const request = (url.startsWith("https:") ? requestHttps : requestHttp)(url, options, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    request.on("error", reject);
    request.end();
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is EmulatorStatus {
  return typeof value === "object" && value !== null && "hubs" in value && Array.isArray(value.hubs);
}

function failed(message: string): SignalRError {
  return new SignalRError("EMULATOR_FAILED", message);
}
