/**
 * Loaded before the app (`node --import`), so that the SDK is there first and can watch HTTP too, if you add its
 * instrumentation. Where telemetry goes is said by the OTEL_ variables, which .NET Aspire sets for every app it starts;
 * Prometheus may fetch metrics beside that (`OTEL_EXPORTER_PROMETHEUS_PORT`, 9464 by default).
 */
import { NodeSDK } from "@opentelemetry/sdk-node";

const env = process.env;
const hasCollector = Object.keys(env).some((name) => /^OTEL_EXPORTER_OTLP_(.*_)?ENDPOINT$/.test(name));
const collector = hasCollector ? "otlp" : "none";
env["OTEL_TRACES_EXPORTER"] ??= collector;
env["OTEL_LOGS_EXPORTER"] ??= collector;
env["OTEL_METRICS_EXPORTER"] ??= hasCollector ? "otlp,prometheus" : "prometheus";
env["OTEL_SERVICE_NAME"] ??= "telemetry-sample";

export const sdk = new NodeSDK();
sdk.start();
