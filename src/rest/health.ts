import { healthUrl } from "../auth/service-urls.js";
import type { Clock } from "../base/clock.js";
import { toError } from "../base/errors.js";
import type { ServiceEndpoint } from "../config/endpoint.js";
import type { RestClient } from "./rest-client.js";

/** What a service answered when it was asked how it is. */
export interface HealthReply {
  readonly isWell: boolean;
  /** Absent when there was no answer. */
  readonly status?: number;
  readonly milliseconds: number;
  /** Why there was no answer. */
  readonly message?: string;
}

/** Asks a service how it is. It takes no token, and is asked once, within the client's time limit. Never rejects. */
export async function askHealth(
  client: RestClient,
  endpoint: Pick<ServiceEndpoint, "endpoint" | "serverEndpoint" | "clientEndpoint" | "audienceBaseUrl">,
  clock: Clock,
): Promise<HealthReply> {
  const begun = clock.now();
  const elapsed = (): number => Math.round(clock.now() - begun);
  try {
    const { status } = await client.send({ method: "HEAD", url: healthUrl(endpoint) });
    return { isWell: status >= 200 && status < 300, status, milliseconds: elapsed() };
  } catch (error) {
    return { isWell: false, milliseconds: elapsed(), message: toError(error).message };
  }
}
