import { SignalRError } from "../../base/errors.js";
import type { App } from "../resources/app.js";

/**
 * The order in which apps are started: as they were added, but each after those that it waits for.
 *
 * @throws SignalRError HOSTING_FAILED when apps wait for each other in a circle
 */
export function startOrder(apps: readonly App[]): readonly App[] {
  const ordered = new Set<App>();
  const visit = (app: App, path: readonly App[]): void => {
    if (ordered.has(app)) return;
    if (path.includes(app)) {
      const names = [...path.slice(path.indexOf(app)), app].map(({ name }) => name).join(" waits for ");
      throw new SignalRError("HOSTING_FAILED", `No app of a circle can start: ${names}. Take one waitFor away.`);
    }
    for (const { resource } of app.waits) if (resource.kind === "app") visit(resource, [...path, app]);
    ordered.add(app);
  };
  for (const app of apps) visit(app, []);
  return [...ordered];
}
