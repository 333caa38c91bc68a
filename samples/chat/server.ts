import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { signalr } from "azure-signalr-server/express";
import express from "express";
import { ChatHub } from "./chat-hub.js";
import { Figures } from "./figures.js";
import { Rooms } from "./rooms.js";

const DEFAULT_PORT = 3000;

const port = readPort(process.env["PORT"]);
const rooms = new Rooms();
const figures = new Figures();

const app = express();
app.disable("x-powered-by");
app.use((_req, res, next) => {
  // Scripts and styles come from here only; messages go to the service, whose address depends on the settings.
  res.set(
    "Content-Security-Policy",
    "default-src 'self'; connect-src 'self' http: https: ws: wss:; img-src 'self' data:",
  );
  res.set("X-Content-Type-Options", "nosniff");
  next();
});

let isStarted = false;
let isStopping = false;

// Troubles go to the console, a sentence each; AZURE_LOG_LEVEL=info shows more. An error at the start ends the program
// and is told there.
const silent = () => {};
const logger = {
  debug: silent,
  info: silent,
  warn: (sentence: unknown) => console.warn(sentence),
  error: (sentence: unknown) => isStarted && console.error(sentence),
};

// Without a connection string an emulator of the service is started in this process.
const hubs = signalr.named("signalr", { emulator: true, logger });
hubs.mapHub("/chat", ChatHub, { createHub: () => new ChatHub(rooms, figures) });
app.use(hubs);
app.get("/healthz", hubs.healthHandler());

const signalrClient = createRequire(import.meta.url).resolve("@microsoft/signalr");
app.use("/vendor/signalr", express.static(join(dirname(signalrClient), "../browser")));
app.use(express.static(join(dirname(fileURLToPath(import.meta.url)), "../public")));

const server = app.listen(port);
server.once("error", (error: NodeJS.ErrnoException) => {
  const reason =
    error.code === "EADDRINUSE" ? `Port ${port} is in use; stop the other program, or set PORT.` : error.message;
  fail(`The chat cannot listen: ${reason}`);
});
server.once("listening", async () => {
  try {
    await hubs.started();
  } catch (error) {
    if (!isStopping) fail(`The chat cannot start: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  isStarted = true;
  const address = server.address();
  console.log(`Chat:    http://localhost:${typeof address === "object" && address !== null ? address.port : port}`);
  if (hasConnectionString()) {
    console.log("Service: the one of your connection string");
  } else {
    console.log("Service: the emulator in this process");
    console.log("Azure:   set ConnectionStrings__signalr to the connection string of your Azure SignalR Service");
  }
  console.log("Stop:    Ctrl-C");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);

/** The hubs first, then the web server; nothing is left to wait for, so the process ends. A second Ctrl-C ends it at once. */
async function stop(): Promise<void> {
  isStopping = true;
  await hubs.shutdown();
  server.close();
  server.closeAllConnections();
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

function readPort(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_PORT;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  return fail(`PORT must be a whole number from 0 to 65535, got "${text}".`);
}

function hasConnectionString(): boolean {
  return Object.keys(process.env).some((key) => key.toLowerCase() === "connectionstrings__signalr");
}
