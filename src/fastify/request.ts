import type { FastifyReply, FastifyRequest } from "fastify";
import type { ClaimsInput } from "../auth/user-claims.js";
import { verifiedTokenClaims } from "../host/identity.js";
import { type HttpAnswer, type NegotiateRequest, splitTarget } from "../host/request.js";

/**
 * The request as the host sees it. `path` is the one that the hub is mapped to: the app's router has matched it already,
 * by its own rules and with its parameters. The original one is what the client asked for.
 */
export function negotiateRequest(request: FastifyRequest, path: string): NegotiateRequest<FastifyRequest> {
  const original = splitTarget(request.originalUrl);
  return {
    method: request.method,
    path,
    originalPath: original.path,
    query: original.query,
    headers: request.headers,
    remoteAddress: request.ip,
    raw: request,
  };
}

/** The claims that `@fastify/jwt` has verified. Without it, or beside passport, `request.user` is something else. */
export function jwtClaims(request: FastifyRequest): ClaimsInput | undefined {
  if (!request.server.hasDecorator("jwt") || "passport" in request) return undefined;
  return verifiedTokenClaims((request as { readonly user?: unknown }).user);
}

/** Sends an answer, beside the headers that the app has set already (CORS, for example). */
export function send(reply: FastifyReply, answer: HttpAnswer): FastifyReply {
  // A timeout of the app, say, may have answered while a callback of the application was waiting.
  if (reply.sent) return reply;
  reply.code(answer.status);
  for (const [name, value] of Object.entries(answer.headers)) {
    // Fastify counts the bytes itself, after the app's onSend hooks have had their way with them.
    if (name !== "Content-Length") reply.header(name, value);
  }
  return reply.send(answer.body === "" ? undefined : answer.body);
}
