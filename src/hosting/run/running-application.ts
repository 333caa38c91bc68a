import { SignalRError } from "../../base/errors.js";
import type { Emulator } from "../../emulator/emulator.js";
import type { Configuration } from "../configuration.js";
import type { App } from "../resources/app.js";
import type { AzureSignalR } from "../resources/azure-signalr.js";
import type { Resource } from "../resources/resource.js";
import { ConsoleReport, wantsColors } from "./console-report.js";
import { startEmulatorOf } from "./emulators.js";
import { Forwarder } from "./forwarder.js";
import { launchOf } from "./launches.js";
import { Lookups } from "./lookups.js";
import { type ResolvedRunOptions, type RunOptions, resolveRunOptions } from "./options.js";
import { startOrder } from "./order.js";
import { allocatePorts, type Ports } from "./ports.js";
import { Replica } from "./replica.js";
import type { ResourceSnapshot } from "./snapshots.js";

/** What is run. */
export interface RunParts {
  readonly resources: readonly Resource[];
  readonly configuration: Configuration;
  /** What apps inherit. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Longer than any timer may be asked for to wait; only there to keep the process alive. */
const FOREVER_MS = 2 ** 31 - 1;

/** An application that runs on this machine: its emulators in this process, its apps in processes of their own. */
export class RunningApplication implements AsyncDisposable {
  readonly #parts: RunParts;
  readonly #options: ResolvedRunOptions;
  readonly #report: ConsoleReport;
  readonly #emulators = new Map<AzureSignalR, Emulator>();
  readonly #forwarders: Forwarder[] = [];
  readonly #services: ResourceSnapshot[] = [];
  readonly #replicas = new Map<App, readonly Replica[]>();
  // Sockets and children keep a process alive, but an application whose apps have all ended still runs.
  readonly #alive: NodeJS.Timeout;
  // Whatever ends this process, apart from SIGKILL, leaves no app behind.
  readonly #onExit = (): void => this.kill();
  #stopping: Promise<void> | undefined;

  /** Made by `start()` of an application. */
  constructor(parts: RunParts, options: RunOptions) {
    this.#parts = parts;
    this.#options = resolveRunOptions(options);
    const write = options.write ?? ((text: string) => process.stdout.write(text));
    const isTerminal = options.write === undefined && process.stdout.isTTY === true;
    this.#report = new ConsoleReport(
      write,
      options.colors ?? wantsColors(parts.variables, isTerminal),
      parts.resources
        .filter(isShown)
        .flatMap((resource) => (resource.kind === "app" ? namesOf(resource) : [resource.name])),
    );
    this.#alive = setInterval(() => undefined, FOREVER_MS);
    process.once("exit", this.#onExit);
  }

  /** Everything that there is, in the order of the model, as it is now. */
  get resources(): readonly ResourceSnapshot[] {
    const apps = [...this.#replicas.values()].flat();
    return [...this.#services, ...apps.map(({ snapshot }) => snapshot)];
  }

  /**
   * Resolves when every app runs and is well.
   *
   * @throws SignalRError HOSTING_FAILED when an app could not be started, or has ended before it was well
   */
  async ready(): Promise<void> {
    await Promise.all([...this.#replicas.values()].flat().map(({ ready }) => ready));
  }

  /** Resolves when every app runs and is well, or has ended. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#replicas.values()].flat().map(({ ready }) => ready));
  }

  /** Ends apps and emulators, last started first: SIGTERM, and SIGKILL after the limit. May be called at any time; never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Ends all apps now, with SIGKILL. What `stop` waits for is over then. */
  kill(): void {
    for (const replica of [...this.#replicas.values()].flat()) replica.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Shows the table of all resources. */
  print(): void {
    this.#report.table(this.resources);
  }

  /** Shows a sentence. */
  say(sentence: string): void {
    this.#report.say(sentence);
  }

  /** Starts the emulators, and the apps as far as they wait for nothing. */
  async begin(): Promise<void> {
    try {
      const apps = startOrder(this.#parts.resources.filter((resource) => resource.kind === "app"));
      await this.#startEmulators();
      const ports = await allocatePorts(apps);
      const lookups = new Lookups({ ...this.#parts, emulators: this.#emulators, ports });
      await this.#findServices(lookups);
      // Before the first app is started, everything that can be wrong with any of them is known.
      for (const app of apps) this.#replicas.set(app, await this.#makeReplicas(app, lookups));
      await this.#openForwarders(ports);
    } catch (error) {
      this.#replicas.clear();
      await this.stop();
      throw error;
    }
    for (const [app, replicas] of this.#replicas) {
      const waits = app.waits.flatMap(({ resource }) =>
        resource.kind === "app" ? (this.#replicas.get(resource) ?? []).map(({ ready }) => ready) : [],
      );
      for (const replica of replicas) void replica.startAfter(waits);
    }
  }

  async #startEmulators(): Promise<void> {
    for (const resource of this.#parts.resources) {
      if (resource.kind !== "azureSignalR" || !resource.isEmulator) continue;
      const { name } = resource;
      // It listens when it is started, and is well when it listens: its health needs no question in the same process.
      const emulator = await startEmulatorOf(resource, (line) => this.#report.line(name, line));
      this.#emulators.set(resource, emulator);
      const hasPage = resource.emulator?.livePage ?? true;
      this.#report.news(name, `is emulated at ${emulator.url}${hasPage ? `; its live page: ${emulator.url}/` : ""}`);
    }
  }

  async #findServices(lookups: Lookups): Promise<void> {
    for (const resource of this.#parts.resources) {
      if (resource.kind !== "azureSignalR" && resource.kind !== "connection") continue;
      // Asked for here also where nobody uses it: what is missing shall not show only when somebody does.
      await lookups.connectionStringOf(resource);
      const isEmulator = resource.kind === "azureSignalR" && resource.isEmulator;
      this.#services.push({
        name: resource.name,
        kind: isEmulator ? "emulator" : resource.kind === "connection" ? "connectionString" : "service",
        state: "running",
        isHealthy: isEmulator ? true : undefined,
        endpoints: resource.kind === "connection" ? [] : [`${lookups.uriOf(resource).replace(/\/$/, "")}/`],
        processId: undefined,
        reason: undefined,
        exitCode: undefined,
      });
    }
  }

  async #makeReplicas(app: App, lookups: Lookups): Promise<readonly Replica[]> {
    const endpoints = app.endpoints.map(({ name }) => lookups.endpointUrl(app, name));
    return await Promise.all(
      namesOf(app).map(
        async (name, index) =>
          new Replica({
            name,
            launch: await launchOf(app, index, lookups, this.#parts.variables),
            endpoints,
            healthUrls: app.healthChecks.map(({ path, endpoint }) => lookups.endpointUrl(app, endpoint, index) + path),
            options: this.#options,
            onLine: (line) => this.#report.line(name, line),
            onNews: (clause) => this.#report.news(name, clause),
          }),
      ),
    );
  }

  async #openForwarders(ports: Ports): Promise<void> {
    for (const { port, targetPorts, isForwarded } of [...ports.values()].flatMap((each) => [...each.values()])) {
      if (isForwarded) this.#forwarders.push(await Forwarder.open(port, targetPorts));
    }
  }

  async #stop(): Promise<void> {
    const replicas = [...this.#replicas.values()].reverse();
    // Those that still wait must not start while others end.
    await Promise.all(
      replicas
        .flat()
        .filter(({ snapshot }) => snapshot.state === "waiting")
        .map((each) => each.stop()),
    );
    for (const each of replicas) await Promise.all(each.map((replica) => replica.stop()));
    await Promise.all(this.#forwarders.map((forwarder) => forwarder.close()));
    await Promise.all([...this.#emulators.values()].map((emulator) => emulator.stop()));
    process.off("exit", this.#onExit);
    clearInterval(this.#alive);
  }
}

/** Resolves when the application has begun: emulators run, apps are started as they come to their turn. */
export async function startApplication(parts: RunParts, options: RunOptions): Promise<RunningApplication> {
  if (process.platform === "win32") {
    throw new SignalRError(
      "HOSTING_FAILED",
      "Applications cannot be run on Windows itself, which has no process groups; run the app host in WSL.",
    );
  }
  const running = new RunningApplication(parts, options);
  await running.begin();
  return running;
}

function isShown({ kind }: Resource): boolean {
  return kind === "app" || kind === "azureSignalR" || kind === "connection";
}

function namesOf({ name, replicas }: App): readonly string[] {
  return replicas === 1 ? [name] : Array.from({ length: replicas }, (_, index) => `${name}#${index + 1}`);
}
