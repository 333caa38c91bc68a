import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import staticFiles from "@fastify/static";
import { addNamedAzureSignalR } from "azure-signalr-server/fastify";
import Fastify from "fastify";
import { ChatHub } from "../chat/chat-hub.js";
import { Figures } from "../chat/figures.js";
import { Rooms } from "../chat/rooms.js";

/* The hub and the page of samples/chat, behind Fastify. */

const rooms = new Rooms();
const figures = new Figures();

const app = Fastify({ logger: { level: "warn" } });
app.addHook("onSend", async (_request, reply) => {
  // Scripts and styles come from here only; messages go to the service, whose address depends on the settings.
  reply.header(
    "Content-Security-Policy",
    "default-src 'self'; connect-src 'self' http: https: ws: wss:; img-src 'self' data:",
  );
  reply.header("X-Content-Type-Options", "nosniff");
});

// Without a connection string an emulator of the service is started in this process.
await app.register(addNamedAzureSignalR("signalr", { emulator: true }));
app.signalr.mapHub("/chat", ChatHub, { createHub: () => new ChatHub(rooms, figures) });
app.get("/healthz", app.signalr.healthHandler());

const here = dirname(fileURLToPath(import.meta.url));
const signalrClient = createRequire(import.meta.url).resolve("@microsoft/signalr");
await app.register(staticFiles, {
  root: join(dirname(signalrClient), "../browser"),
  prefix: "/vendor/signalr/",
  decorateReply: false,
});
// Below dist/fastify-chat, where this file is compiled to.
await app.register(staticFiles, { root: join(here, "../../../chat/public"), decorateReply: false });

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // Ends the clients, then the web server, then the connections to the service. A second Ctrl-C ends all at once.
  process.once(signal, () => app.close());
}

try {
  await app.listen({ port: Number(process.env["PORT"] || 3000), host: "::" });
  await app.signalr.started();
  const address = app.server.address();
  console.log(`Chat:    http://localhost:${typeof address === "object" && address !== null ? address.port : ""}`);
  console.log("Stop:    Ctrl-C");
} catch (error) {
  console.error(`The chat cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
  await app.close();
}
