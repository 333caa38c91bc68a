/** What must and must not compile for users of the Fastify door; checked by the compiler, never run. */

import type { Server as SecureServer } from "node:https";
import { Hub } from "azure-signalr-server";
import { addNamedAzureSignalR, type FastifySignalR, signalrOf } from "azure-signalr-server/fastify";
import Fastify, { type FastifyRequest, type FastifyTypeProvider } from "fastify";

class ChatHub extends Hub<{ messageReceived(user: string, text: string): void }> {
  async sendMessage(user: string, text: string) {
    await this.clients.all.send("messageReceived", user, text);
  }
}

const app = Fastify({ logger: true });
await app.register(addNamedAzureSignalR("signalr", { connectionCount: 5 }));
await app.register(addNamedAzureSignalR("signalr"), { prefix: "/api" });
app.register(addNamedAzureSignalR("news", { decorator: "news", hubs: { "/news": ChatHub } }));
// @ts-expect-error the prefix is a text
await app.register(addNamedAzureSignalR("signalr"), { prefix: 5 });
// @ts-expect-error no such option
addNamedAzureSignalR("signalr", { conectionCount: 5 });

app.signalr.mapHub("/chat", ChatHub, {
  preHandler: async (request, reply) => {
    if (request.headers.authorization === undefined) await reply.code(401).send();
  },
  onRequest: [async () => {}, (_request, _reply, done) => done()],
  authorize: (request) => request.ip !== "",
  maximumReceiveMessageSize: null,
});
// @ts-expect-error a hook is a function
app.signalr.mapHub("/chat", ChatHub, { preHandler: "login" });
// @ts-expect-error not a hub
app.signalr.mapHub("/date", Date);
await app.signalr.context(ChatHub).clients.all.send("messageReceived", "ops", "hi");
// @ts-expect-error an argument is missing
await app.signalr.context(ChatHub).clients.all.send("messageReceived", "ops");
app.signalr.onShutdown(ChatHub, (context) => context.clients.all.send("messageReceived", "ops", "bye"));
app.get("/healthz", app.signalr.healthHandler());
// @ts-expect-error the service is put there by the plugin
app.signalr = signalrOf(app, "news");

const news: FastifySignalR = signalrOf(app, "news");
news.mapHub("/news", ChatHub);

interface Session {
  readonly userId: string;
}
addNamedAzureSignalR("signalr", {
  claimsProvider: (request: FastifyRequest) => ({ sub: request.id, role: ["a", "b"] }),
  userIdProvider: async (request, claims) =>
    `${request.hostname}/${claims.length satisfies Session["userId"]["length"]}`,
  hubs: { "/room": [ChatHub, { preHandler: async () => {} }] },
});

const secure = Fastify<SecureServer>({ https: {} });
secure.register(addNamedAzureSignalR("signalr"));
secure.signalr.mapHub("/chat", ChatHub);

interface OwnTypes extends FastifyTypeProvider {
  readonly validator: unknown;
}
const typedApp = Fastify().withTypeProvider<OwnTypes>();
await typedApp.register(addNamedAzureSignalR("signalr"));
typedApp.register(async (inner) => inner.signalr.mapHub("/chat", ChatHub));
signalrOf(typedApp).health().status satisfies "healthy" | "degraded" | "unhealthy";
