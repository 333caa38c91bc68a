// A rolling restart of two hub servers under official clients that call all the time, in mode MigrateClients.
//
//   npm run build && node benchmarks/load/rolling-restart.mjs [clients = 1000] [restarts = 4]
//
// Everything runs in this process: the emulator, the hub servers, the clients. Each call is counted where it runs and
// where its answer arrives, so a call that was lost, answered twice or run twice shows.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";

const CONNECTING_AT_ONCE = 50;

/** One client that calls as fast as it is answered, with a little rest between. */
class Caller {
  /** @param {import("@microsoft/signalr").HubConnection} connection */
  constructor(connection, name, counts) {
    this.connection = connection;
    this.name = name;
    this.counts = counts;
    this.sent = 0;
    this.isCalling = true;
    connection.onclose(() => {
      counts.disconnected += 1;
    });
    connection.onreconnecting(() => {
      counts.disconnected += 1;
    });
  }

  async run(restMs) {
    while (this.isCalling) {
      const call = `${this.name}/${this.sent}`;
      this.sent += 1;
      this.counts.sent += 1;
      const began = performance.now();
      try {
        const answer = await this.connection.invoke("record", call);
        if (answer === call) this.counts.answered += 1;
        else this.counts.wrongAnswers += 1;
        this.counts.acknowledged.add(call);
      } catch {
        this.counts.failed += 1;
      }
      this.counts.longestMs = Math.max(this.counts.longestMs, performance.now() - began);
      await delay(restMs * Math.random());
    }
  }
}

/**
 * @param {{ Hub: any, signalr: any, startEmulator: any, clients: number, restarts: number, restMs?: number, runMs?: number }} setup
 */
export async function rollingRestart({ Hub, signalr, startEmulator, clients, restarts, restMs = 50, runMs = 500 }) {
  const counts = {
    clients,
    restarts,
    /** Times that a client lost its connection. */
    disconnected: 0,
    sent: 0,
    answered: 0,
    /** Answered with an error. */
    failed: 0,
    wrongAnswers: 0,
    unanswered: 0,
    /** Acknowledged to the client, but never run. */
    lost: 0,
    runTwice: 0,
    outOfOrder: 0,
    migrated: 0,
    longestMs: 0,
    restartMs: [],
    acknowledged: new Set(),
  };
  /** How often each call has run. */
  const runs = new Map();
  /** The last call of each client that has begun. */
  const last = new Map();

  class RecordHub extends Hub {
    onDisconnected() {
      if (this.context.features.size > 0 && [...this.context.features.values()].some(({ to }) => to !== undefined)) {
        counts.migrated += 1;
      }
    }
    async record(call) {
      const [client, number] = call.split("/");
      if (Number(number) <= (last.get(client) ?? -1)) counts.outOfOrder += 1;
      last.set(client, Number(number));
      await delay(5);
      runs.set(call, (runs.get(call) ?? 0) + 1);
      return call;
    }
  }

  const emulator = await startEmulator({ port: 0 });
  const rotation = [];
  const front = createServer((request, response) => {
    const hubs = rotation[Math.floor(Math.random() * rotation.length)];
    hubs(request, response);
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  const url = `http://127.0.0.1:${front.address().port}/hub`;

  const addServer = async () => {
    const hubs = signalr.named("signalr", {
      connectionString: emulator.connectionString,
      configuration: { values: {} },
      gracefulShutdown: { mode: "MigrateClients", timeout: 30_000 },
    });
    hubs.mapHub("/hub", RecordHub);
    await hubs.started();
    rotation.push(hubs);
  };
  await addServer();
  await addServer();

  const callers = [];
  while (callers.length < clients) {
    const size = Math.min(CONNECTING_AT_ONCE, clients - callers.length);
    const batch = Array.from({ length: size }, async (_, index) => {
      const connection = new HubConnectionBuilder()
        .withUrl(url, { transport: HttpTransportType.WebSockets })
        .withAutomaticReconnect()
        .configureLogging(LogLevel.None)
        .build();
      await connection.start();
      return new Caller(connection, `client-${callers.length + index}`, counts);
    });
    callers.push(...(await Promise.all(batch)));
  }
  const calling = callers.map((caller) => caller.run(restMs));

  for (let restart = 0; restart < restarts; restart += 1) {
    await delay(runMs);
    // The oldest goes, and the other one takes its clients, before the next one comes.
    const leaving = rotation.shift();
    const began = performance.now();
    await leaving.shutdown();
    counts.restartMs.push(Math.round(performance.now() - began));
    await addServer();
  }
  await delay(runMs);
  for (const caller of callers) caller.isCalling = false;
  // A call that is lost never ends; all others are over long before.
  await Promise.race([Promise.all(calling), delay(5000, undefined, { ref: false })]);

  counts.unanswered = counts.sent - counts.answered - counts.failed - counts.wrongAnswers;
  for (const call of counts.acknowledged) if (!runs.has(call)) counts.lost += 1;
  for (const times of runs.values()) if (times > 1) counts.runTwice += 1;
  const { acknowledged: _, ...rest } = counts;
  const result = { ...rest, longestMs: Math.round(counts.longestMs) };
  await Promise.all(callers.map((caller) => caller.connection.stop()));
  await Promise.all(rotation.map((hubs) => hubs.shutdown()));
  await emulator.stop();
  front.close();
  front.closeAllConnections();
  return result;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { Hub, signalr } = await import("azure-signalr-server");
  const { startEmulator } = await import("azure-signalr-server/emulator");
  const [clients = 1000, restarts = 4] = process.argv.slice(2).map(Number);
  const result = await rollingRestart({ Hub, signalr, startEmulator, clients, restarts, restMs: 200, runMs: 2000 });
  for (const [name, value] of Object.entries(result)) console.log(name.padEnd(14), String(value));
}
