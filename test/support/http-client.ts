import { createServer, type IncomingHttpHeaders, type RequestListener, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer, read whole. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpQuestion {
  /** @default POST */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A listener on a free port of 127.0.0.1, asked with paths that go out exactly as written. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  ask(path: string, question?: HttpQuestion): Promise<HttpReply>;
}

export async function serve(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ask: (path, question) => ask(port, path, question),
    [Symbol.asyncDispose]: () => close(server),
  };
}

function ask(port: number, path: string, { method = "POST", headers = {} }: HttpQuestion = {}): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("error", reject);
      reply.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
