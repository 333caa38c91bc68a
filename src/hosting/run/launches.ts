import { randomUUID } from "node:crypto";
import type { App } from "../resources/app.js";
import { resolveValue, type Value } from "../values.js";
import type { Launch } from "./app-process.js";
import type { Lookups } from "./lookups.js";
import { telemetryVariables } from "./telemetry-variables.js";

/** Everything that one process of an app is started with. */
export async function launchOf(
  app: App,
  replica: number,
  lookups: Lookups,
  inherited: Readonly<Record<string, string | undefined>>,
): Promise<Launch> {
  const text = (value: Value) => resolveValue(value, (reference) => lookups.textOf(reference, { app, replica }));
  const own = Object.fromEntries(
    await Promise.all(app.environment.map(async ({ name, value }) => [name, await text(value)] as const)),
  );
  const base = Object.fromEntries(
    Object.entries(inherited).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    // The Node that runs the app host, wherever another one stands in the path.
    command: app.start.type === "node" ? process.execPath : app.start.command,
    args: await Promise.all(app.args.map(text)),
    folder: app.start.folder,
    environment: { ...base, ...telemetryVariables(app.name, randomUUID(), base, own), ...own },
  };
}
