import { once } from "node:events";
import { createServer } from "node:net";

/** A TCP port that nobody listens on at the moment, for a child process that has to be told one. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("bug: a TCP server has no port");
  return address.port;
}
