import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import express from "express";

const app = express();
app.disable("x-powered-by");
app.use((_request, response, next) => {
  // Messages go to the service, whose address depends on the settings.
  response.set("Content-Security-Policy", "default-src 'self'; connect-src 'self' http: https: ws: wss:");
  response.set("X-Content-Type-Options", "nosniff");
  next();
});
app.get("/health", (_request, response) => void response.send("well"));
app.get("/settings.json", (_request, response) => void response.json({ api: process.env["services__api__http__0"] }));

const signalrClient = createRequire(import.meta.url).resolve("@microsoft/signalr");
app.use("/vendor/signalr", express.static(join(dirname(signalrClient), "../browser")));
app.use(express.static(join(dirname(fileURLToPath(import.meta.url)), "../public")));

const server = app.listen(Number(process.env["PORT"]), () => console.log("The page is served."));

process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
