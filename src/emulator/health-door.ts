import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpDoor } from "./http.js";

const PATHS: readonly string[] = ["/api/health", "/api/v1/health"];

/** Says that the emulator runs, to everybody: probes of SDKs and app hosts come without a token. */
export class HealthDoor implements HttpDoor {
  request(request: IncomingMessage, response: ServerResponse, url: URL): boolean {
    if (!PATHS.includes(url.pathname) || (request.method !== "HEAD" && request.method !== "GET")) return false;
    response.writeHead(200, { "Content-Length": "0" });
    response.end();
    return true;
  }
}
