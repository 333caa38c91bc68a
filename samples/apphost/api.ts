import { Hub } from "azure-signalr-server";
import { signalr } from "azure-signalr-server/express";
import express from "express";

/** Counts for everybody who looks. */
class CounterHub extends Hub {
  static #count = 0;

  async add(): Promise<void> {
    CounterHub.#count += 1;
    await this.clients.all.send("counted", CounterHub.#count);
  }

  count(): number {
    return CounterHub.#count;
  }
}

const app = express();
app.disable("x-powered-by");
app.use((request, response, next) => {
  response.set({
    "Access-Control-Allow-Origin": process.env["WEB_ORIGIN"] ?? "",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Headers": "X-Requested-With, X-SignalR-User-Agent",
    Vary: "Origin",
  });
  if (request.method === "OPTIONS") response.sendStatus(204);
  else next();
});

// All that it needs to know stands in the environment: ConnectionStrings__signalr and PORT.
const hubs = signalr.named("signalr");
hubs.mapHub("/counter", CounterHub);
app.get("/health", hubs.healthHandler());
app.use(hubs);

const server = app.listen(Number(process.env["PORT"]), () => console.log("The API listens."));

process.once("SIGTERM", async () => {
  await hubs.shutdown();
  server.close();
  server.closeAllConnections();
});
