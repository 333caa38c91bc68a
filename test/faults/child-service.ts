import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { ensureBuilt, root } from "../support/built.js";
import { type Child, startNode } from "../support/child.js";
import { freePort } from "../support/free-port.js";

/** The service as a process of its own, which can be killed and started again at the same address. */
export class ChildService {
  readonly port: number;
  /** Set as soon as it runs; the same at every start. */
  connectionString = "";
  readonly #folder: string;
  #child: Child | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  static async start(): Promise<ChildService> {
    ensureBuilt();
    const service = new ChildService(await freePort(), mkdtempSync(`${tmpdir()}/fault-service-`));
    const emulator = pathToFileURL(`${root}dist/emulator/index.js`).href;
    writeFileSync(
      `${service.#folder}/service.mjs`,
      `import { startEmulator } from ${JSON.stringify(emulator)};
      const emulator = await startEmulator({ port: ${service.port}, mode: "default" });
      console.log(emulator.connectionString);`,
    );
    await service.revive();
    return service;
  }

  /** As the kernel ends a process: nobody is told. */
  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
    this.#child = undefined;
  }

  async revive(): Promise<void> {
    this.#child = startNode(`${this.#folder}/service.mjs`, {}, root);
    const [text] = await this.#child.printed(/Endpoint=.*/);
    this.connectionString = text;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
