import { cpuOf, memoryOf, startModule } from "./process.mjs";

/** A process of its own that plays a role, and can be asked: {@link playRole} is its side. */
export class Peer {
  #child;
  #waiting = new Map();
  #nextId = 1;

  constructor(child, ready) {
    this.#child = child;
    this.ready = ready;
    child.on("message", ({ id, result }) => {
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    });
    child.once("exit", (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`a process of the benchmark ended with ${code}`));
    });
  }

  /** CPU_PROFILE=role writes a profile of that process to .profiles. */
  static async start(url, role, options = {}) {
    const profile = process.env.CPU_PROFILE === role ? ["--cpu-prof", "--cpu-prof-dir=.profiles"] : [];
    const env = { BENCH_ROLE: role, BENCH_OPTIONS: JSON.stringify(options) };
    const { child, ready } = await startModule(url, env, ["--expose-gc", ...profile]);
    return new Peer(child, ready);
  }

  /** Microseconds so far. */
  get cpu() {
    return cpuOf(this.#child.pid);
  }

  /** Resident bytes as they are. */
  get resident() {
    return memoryOf(this.#child.pid);
  }

  /** Resident bytes after a collection of garbage. */
  async memory() {
    await this.ask("collectGarbage");
    return this.resident;
  }

  ask(action, input) {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, action, input });
    });
  }

  end() {
    this.#child.disconnect();
  }
}

const common = {
  async collectGarbage() {
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  },
};

/** In the process: a role gives what its parent is told when it is ready, and the actions that it can be asked for. */
export async function playRole(roles) {
  const { BENCH_ROLE = "", BENCH_OPTIONS = "{}" } = process.env;
  const { ready, ...actions } = await roles[BENCH_ROLE](JSON.parse(BENCH_OPTIONS));
  process.on("message", async ({ id, action, input }) => {
    process.send({ id, result: await { ...common, ...actions }[action](input) });
  });
  process.on("disconnect", () => process.exit());
  process.send(ready);
}
