import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { signalr } from "azure-signalr-server/express";
import express from "express";
import { sdk } from "./telemetry.js";
import { Visitors } from "./visitors.js";
import { WorkHub } from "./work-hub.js";

const VISITORS = 5;

// Without a connection string an emulator of the service is started in this process.
const hubs = signalr.named("signalr", { emulator: true, telemetry: { sendSpans: true } });
hubs.mapHub("/work", WorkHub);

const app = express();
app.disable("x-powered-by");
app.use(hubs);
app.get("/healthz", hubs.healthHandler());
app.get("/dashboard.json", (_req, res) => {
  res.sendFile(fileURLToPath(new URL("../../../docs/grafana-dashboard.json", import.meta.url)));
});
app.use(express.static(fileURLToPath(new URL("../public", import.meta.url))));

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");
await once(server, "listening");
await hubs.started();
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const visitors = new Visitors();
await visitors.start(`${address}/work`, VISITORS);
console.log(`Page: ${address}/`);
console.log(`Metrics: http://127.0.0.1:${process.env["OTEL_EXPORTER_PROMETHEUS_PORT"] ?? "9464"}/metrics`);
console.log("Press Ctrl-C to stop.");

let isStopping = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, async () => {
    if (isStopping) return;
    isStopping = true;
    await visitors.stop();
    await hubs.shutdown();
    server.close();
    server.closeAllConnections();
    // Last, so that what the shutdown told is sent too.
    await sdk.shutdown();
  });
}
