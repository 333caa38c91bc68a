const ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT";
const ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES";

/** What is wanted on a developer's machine: everything, at once. */
const EAGER: Readonly<Record<string, string>> = Object.freeze({
  OTEL_BLRP_SCHEDULE_DELAY: "1000",
  OTEL_BSP_SCHEDULE_DELAY: "1000",
  OTEL_METRIC_EXPORT_INTERVAL: "1000",
  OTEL_TRACES_SAMPLER: "always_on",
  OTEL_METRICS_EXEMPLAR_FILTER: "trace_based",
});

/**
 * Variables for OpenTelemetry, where somebody takes telemetry in: who the app is, and that it shall not wait. What is set
 * already stays, apart from the name, which would be that of the app host; attributes are added to.
 */
export function telemetryVariables(
  app: string,
  instance: string,
  inherited: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (!(own[ENDPOINT] ?? inherited[ENDPOINT])) return {};
  const eager = Object.entries(EAGER).filter(([name]) => inherited[name] === undefined);
  return {
    ...Object.fromEntries(eager),
    OTEL_SERVICE_NAME: app,
    OTEL_RESOURCE_ATTRIBUTES: [inherited[ATTRIBUTES], `service.instance.id=${instance}`].filter(Boolean).join(),
  };
}
