import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { silentProbe } from "../../src/base/probe.js";
import { SERVICE_DEFAULTS } from "../../src/config/options.js";
import { AckRegistry } from "../../src/connections/acks.js";
import { type Emulator, startEmulator } from "../../src/emulator/index.js";
import { HubHost } from "../../src/host/hub-host.js";
import { resolveHubOptions } from "../../src/hub/options.js";
import { endpointOf, RawClient, tokensOf } from "../support/emulator-peers.js";
import { LossClient } from "../support/loss-client.js";
import { LossWorld, lossHubOf, type WorkKind } from "../support/loss-world.js";
import { eventually, turns } from "../support/polling.js";

/*
 * Clients call a hub over the emulator while everything between them is lost at random: server connections, clients, the
 * instance of the service, acks. Whatever is lost, what ARCHITECTURE.md promises must hold for what is not.
 */

type Action =
  | { readonly do: "connect" }
  | { readonly do: "call"; readonly pick: number; readonly kind: WorkKind; readonly count: number }
  | { readonly do: "leave"; readonly pick: number }
  | { readonly do: "dropClient"; readonly pick: number }
  | { readonly do: "dropConnection"; readonly pick: number }
  | { readonly do: "dropAll" }
  | { readonly do: "loseInstance" }
  | { readonly do: "loseAck" }
  | { readonly do: "latency"; readonly milliseconds: number }
  | { readonly do: "wait"; readonly turns: number };

/** Acks that got lost are given up after a tenth of a second; nothing else takes long. */
const PATIENCE_MS = 5_000;

const pick = fc.nat(30);
const call = fc.record({
  do: fc.constant("call" as const),
  pick,
  kind: fc.constantFrom<WorkKind>("none", "caller", "join", "join", "slow", "ask"),
  count: fc.nat(6),
});
const scenario: fc.Arbitrary<readonly Action[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant<Action>({ do: "connect" }) },
      { weight: 50, arbitrary: call },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), pick }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("dropClient" as const), pick }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant("dropConnection" as const), pick }) },
      { weight: 1, arbitrary: fc.constant<Action>({ do: "dropAll" }) },
      { weight: 1, arbitrary: fc.constant<Action>({ do: "loseInstance" }) },
      { weight: 1, arbitrary: fc.constant<Action>({ do: "loseAck" }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("latency" as const), milliseconds: fc.nat(2) }) },
      {
        weight: 20,
        arbitrary: fc.record({ do: fc.constant("wait" as const), turns: fc.integer({ min: 1, max: 12 }) }),
      },
    ),
    { minLength: 20, maxLength: 60 },
  )
  .map((actions) => [{ do: "connect" }, { do: "connect" }, ...actions]);

/** {@link eventually}, with an end and a reason: a hang is what this test looks for. */
async function within(what: () => string, isMet: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  await eventually(() => isMet() || performance.now() > end);
  if (!isMet()) throw new Error(`still waiting: ${what()}`);
}

class Run {
  readonly world = new LossWorld();
  readonly acks = new AckRegistry({ clock: systemClock, timeoutMs: 100, tickMs: 20 });
  readonly clients: LossClient[] = [];
  readonly #emulator: Emulator;
  readonly #host: HubHost;
  readonly #connecting: Promise<void>[] = [];
  #users = 0;

  constructor(emulator: Emulator) {
    this.#emulator = emulator;
    this.#host = new HubHost({
      hubClass: lossHubOf(this.world),
      options: resolveHubOptions(),
      settings: {
        name: "signalr",
        ...SERVICE_DEFAULTS,
        connectionCount: 3,
        endpoints: [endpointOf(emulator)],
        hub: {},
      },
      serverName: "server-1",
      tokens: () => tokensOf(emulator, "server-1"),
      acks: this.acks,
      // An error that is kept for the log keeps the objects on its stack.
      probe: silentProbe,
      clock: systemClock,
      // What is lost on purpose should come back at once.
      tuning: { stableAfterMs: 1 },
    });
  }

  async start(): Promise<void> {
    this.#host.start();
    await this.#host.container.opened();
  }

  async act(action: Action): Promise<void> {
    const client = "pick" in action ? this.#alive[action.pick % Math.max(1, this.#alive.length)] : undefined;
    switch (action.do) {
      case "connect":
        this.#connecting.push(this.#connect());
        break;
      case "call":
        client?.call(action.kind, action.count);
        break;
      case "leave":
        client?.close();
        break;
      case "dropClient": {
        const known = this.#emulator.clients().find(({ userId }) => userId === client?.user);
        this.#emulator.dropClient(known?.connectionId ?? "");
        break;
      }
      case "dropConnection": {
        const ids = this.#emulator
          .hubs()
          .flatMap(({ servers }) => servers.flatMap(({ connectionIds }) => connectionIds));
        this.#emulator.dropServerConnection(ids[action.pick % Math.max(1, ids.length)] ?? "");
        break;
      }
      case "dropAll":
        this.#emulator.dropServerConnections();
        break;
      case "loseInstance":
        this.#emulator.loseInstance();
        break;
      case "loseAck":
        this.#emulator.loseAcks(1);
        break;
      case "latency":
        this.#emulator.setLatency(action.milliseconds);
        break;
      case "wait":
        await turns(action.turns);
        break;
    }
  }

  /** The losses are over: waits until every client that is left has all its answers. */
  async settle(): Promise<readonly LossClient[]> {
    this.#emulator.setLatency(0);
    this.#emulator.loseAcks(0);
    await Promise.all(this.#connecting);
    await within(
      () => "for a server connection",
      () => this.#host.container.isConnected,
    );
    // One call more: what was sent to a client before its answer has arrived when the answer has.
    for (const client of this.#alive) client.call("none", 0);
    await within(
      () =>
        this.#alive
          .map(
            ({ user, sent, received }) =>
              `${user}: ${sent} calls, got ${JSON.stringify(received)}, ${JSON.stringify(this.world.events.get(user))}`,
          )
          .join("\n"),
      () => this.#alive.every((client) => client.completions().length >= client.sent),
    );
    return this.#alive;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    const left = (): string =>
      `${this.#host.clientCount} sessions, ${this.world.running} calls, ${this.acks.size} acks, ${this.#emulator.clients().length} clients`;
    await within(left, () => this.#host.clientCount === 0 && this.world.running === 0 && this.acks.size === 0);
    await this.#host.empty();
    await within(left, () => this.#emulator.clients().length === 0);
  }

  /** User ids of clients that are still in memory. */
  get kept(): readonly string[] {
    return this.world.contexts.flatMap((context) => context.deref()?.userIdentifier ?? []);
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  get #alive(): readonly LossClient[] {
    return this.clients.filter((client) => !client.isLeaving);
  }

  async #connect(): Promise<void> {
    const user = `user-${this.#users}`;
    this.#users += 1;
    try {
      const raw = await RawClient.connect(this.#emulator, {
        hub: "losshub",
        claims: [["asrs.s.uid", user]],
      });
      this.clients.push(new LossClient(user, raw));
    } catch {
      // It was lost before it was there.
    }
  }
}

/** The events of one client, in the only order that is allowed. */
function checkLife({ events }: LossWorld, user: string): void {
  const log = events.get(user) ?? [];
  const text = log.map(({ at, call: number }) => (number === undefined ? at : `${at} ${number}`)).join(", ");
  const names = log.map(({ at }) => at);
  expect(names.slice(0, 2), text).toEqual(["connecting", "connected"].slice(0, names.length));
  const end = names.indexOf("leaving");
  expect(
    names.filter((name) => name === "leaving"),
    text,
  ).toHaveLength(1);
  expect(names.slice(end).includes("start"), text).toBe(false);
  let last = -1;
  let open: number | undefined;
  for (const { at, call: number = 0, yields = false } of log) {
    if (at === "start") {
      expect(open, text).toBeUndefined();
      expect(number, text).toBeGreaterThan(last);
      last = number;
      if (!yields) open = number;
    } else if (at === "end" && !yields) {
      expect(number, text).toBe(open);
      open = undefined;
    }
  }
  expect(open, text).toBeUndefined();
}

/** Order, answers, and what was promised with an answer. */
function checkInbox(client: LossClient): void {
  const last = new Map<string, readonly [call: number, index: number]>();
  const counts = new Map<number, number>();
  const answered = new Set<string>();
  for (const message of client.received) {
    if (message.type === 3) {
      const id = message.invocationId ?? "";
      expect(answered.has(id), `${client.user} was answered twice`).toBe(false);
      answered.add(id);
    } else if (message.target === "own" || message.target === "room") {
      const [from, number, index] = message.arguments as [string, number, number];
      const key = `${message.target} ${from}`;
      const [lastCall, lastIndex] = last.get(key) ?? [-1, -1];
      expect(number > lastCall || (number === lastCall && index > lastIndex), `order at ${client.user}`).toBe(true);
      last.set(key, [number, index]);
      if (from === client.user) {
        expect(answered.has(String(number)), "a message came after the answer of its call").toBe(false);
        counts.set(number, (counts.get(number) ?? 0) + 1);
      }
    }
  }
}

function checkPromises(run: Run, survivors: readonly LossClient[]): number {
  const byUser = new Map(run.clients.map((client) => [client.user, client]));
  const kept = new Set(survivors);
  const got = new Map(
    survivors.map((client) => [
      client.user,
      new Set(client.received.filter(({ target }) => target === "room").map((message) => String(message.arguments))),
    ]),
  );
  let checked = 0;
  for (const { to, from, call: number, index } of run.world.promised) {
    const receiver = byUser.get(to);
    const answer = byUser
      .get(from)
      ?.completions()
      .find(({ invocationId }) => invocationId === String(number));
    if (receiver === undefined || !kept.has(receiver) || answer === undefined || answer.error !== undefined) continue;
    checked += 1;
    expect(got.get(to)?.has(String([from, number, index])), `${to} misses ${from}/${number}/${index}`).toBe(true);
  }
  return checked;
}

/** FUZZ_RUNS=1000 is the quick run, 100000 tries a hundred times as many. */
const FACTOR = Number(process.env["FUZZ_RUNS"] ?? 1000) / 1000;
const RUNS = Math.max(1, Math.round(10 * FACTOR));

const unhandled: unknown[] = [];
const listen = (reason: unknown): unknown => unhandled.push(reason);
let collectGarbage: () => void;
beforeAll(() => {
  process.on("unhandledRejection", listen);
  setFlagsFromString("--expose-gc");
  collectGarbage = runInNewContext("gc") as () => void;
});
afterAll(() => {
  process.off("unhandledRejection", listen);
});

test(
  "whatever connections are lost, order, lives, answers and promises hold, and nothing is kept of who has gone",
  async () => {
    let promisesChecked = 0;
    let callsAnswered = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (actions) => {
        const emulator = await startEmulator({ port: 0 });
        const run = new Run(emulator);
        try {
          await run.start();
          for (const action of actions) await run.act(action);
          const survivors = await run.settle();
          promisesChecked += checkPromises(run, survivors);
          for (const client of survivors) {
            // Lost without an error: none.
            expect(client.completions()).toHaveLength(client.sent);
            callsAnswered += client.sent;
          }
          for (const client of run.clients) checkInbox(client);
          await run.stop();
          for (const user of run.world.events.keys()) checkLife(run.world, user);
          expect(run.world.faults).toEqual([]);
          expect(unhandled).toEqual([]);
          // What the last turn has touched may still lie on a stack.
          await within(
            () => `for ${run.kept.join(" and ")} to be forgotten`,
            () => {
              collectGarbage();
              return run.kept.length === 0;
            },
          );
        } finally {
          await run.close();
          await emulator.stop();
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(promisesChecked).toBeGreaterThan(RUNS);
    expect(callsAnswered).toBeGreaterThan(RUNS);
  },
  Math.max(60_000, 60_000 * FACTOR),
);
