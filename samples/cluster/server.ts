import cluster from "node:cluster";
import { availableParallelism } from "node:os";
import { runPrimary } from "./primary.js";
import { runWorker } from "./worker.js";

/* A web app in several processes on one port, with one service. WORKERS: how many, PORT: where. */

const port = Number(process.env["PORT"] || 3000);
const count = Number(process.env["WORKERS"] || Math.max(2, availableParallelism()));

if (cluster.isPrimary) await runPrimary(count);
else await runWorker(port);
