import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { startEmulator } from "azure-signalr-server/emulator";

const CONNECTION_STRING = "ConnectionStrings__signalr";

/** Starts so many workers, keeps them alive, replaces them one by one on SIGHUP, and ends them in order. */
export async function runPrimary(count: number): Promise<void> {
  // One service for all processes: Azure SignalR Service, or an emulator that lives here.
  const given = process.env[CONNECTION_STRING];
  const emulator = given === undefined || given === "" ? await startEmulator({ port: 0 }) : undefined;
  const env = { [CONNECTION_STRING]: emulator?.connectionString ?? given };

  let isStopping = false;
  const workers = new Set<Worker>();

  /** Resolves with its port when the worker is connected to the service and listens. */
  const addWorker = async (): Promise<number> => {
    const worker = cluster.fork(env);
    workers.add(worker);
    worker.once("exit", (code, signal) => {
      // One that was told to go is not on the list any more.
      if (!workers.delete(worker) || isStopping) return;
      console.log(`Process ${worker.process.pid} has ended (${signal ?? code}), another one takes its place.`);
      addWorker().catch(fail);
    });
    const ended = once(worker, "exit").then(() => {
      throw new Error("a process ended before it was ready");
    });
    const [address] = (await Promise.race([once(worker, "listening"), ended])) as [{ readonly port: number }];
    ended.catch(() => {}); // it ends some day
    return address.port;
  };

  const removeWorker = async (worker: Worker): Promise<void> => {
    workers.delete(worker);
    const ended = once(worker, "exit");
    worker.process.kill("SIGTERM");
    await ended;
  };

  /** The new one is ready before the old one goes, so clients have somewhere to move. */
  const replaceAll = async (): Promise<void> => {
    for (const old of [...workers]) {
      await addWorker();
      await removeWorker(old);
      console.log(`Process ${old.process.pid} is replaced.`);
    }
  };

  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    await Promise.all([...workers].map(removeWorker));
    await emulator?.stop();
  };

  const fail = async (error: unknown): Promise<void> => {
    if (isStopping) return;
    console.error(`The cluster cannot go on: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    await stop();
  };

  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  let replacing = Promise.resolve();
  process.on("SIGHUP", () => {
    replacing = replacing.then(replaceAll).catch(fail);
  });

  try {
    const [port] = await Promise.all(Array.from({ length: count }, addWorker));
    console.log(`Cluster: http://localhost:${port}/room, ${count} processes`);
    console.log(`Replace: kill -HUP ${process.pid}`);
    console.log("Stop:    Ctrl-C");
  } catch (error) {
    await fail(error);
  }
}
