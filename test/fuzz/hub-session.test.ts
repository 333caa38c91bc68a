import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SignalRError } from "../../src/base/errors.js";
import { Hub } from "../../src/hub/hub.js";
import { hubMethods } from "../../src/hub/method-options.js";
import type { HubOptions, HubProtocolName } from "../../src/hub/options.js";
import { type HarnessClient, HubHarness } from "../support/hub-harness.js";
import { turns } from "../support/polling.js";

/*
 * One client sends calls of all kinds while the test decides, in any order, when each of them goes on, what the client
 * does meanwhile, and how the connection ends. Whatever the order, the promises of a session must hold.
 */

type Kind =
  | "sync"
  | "slow"
  | "fails"
  | "ruled"
  | "asks"
  | "stream"
  | "broken"
  | "endless"
  | "upload"
  | "aborts"
  | "streamAborts"
  | "none";

type Action =
  | { readonly do: "call"; readonly kind: Kind; readonly hasId: boolean }
  | { readonly do: "open"; readonly pick: number }
  | { readonly do: "fail"; readonly pick: number }
  | { readonly do: "cancel"; readonly pick: number }
  | { readonly do: "item"; readonly pick: number }
  | { readonly do: "endUpload"; readonly pick: number; readonly error: boolean }
  | { readonly do: "answer"; readonly pick: number }
  | { readonly do: "turn" }
  | { readonly do: "pause"; readonly isFull: boolean }
  | { readonly do: "time"; readonly seconds: number }
  | { readonly do: "settle" }
  | { readonly do: "end"; readonly how: "gone" | "abort" | "close" | "malformed" | "wire" | "dismiss" };

interface Scenario {
  readonly protocol: HubProtocolName;
  readonly permits: number;
  readonly setting: "direct" | "filter" | "createHub" | "disposer";
  readonly connect: "at once" | "slow" | "fails";
  readonly actions: readonly Action[];
}

const pick = fc.nat(30);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("call" as const),
      kind: fc.constantFrom<Kind>(
        "sync",
        "slow",
        "fails",
        "ruled",
        "asks",
        "stream",
        "broken",
        "endless",
        "upload",
        "none",
      ),
      hasId: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("open" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel" as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("item" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("endUpload" as const), pick, error: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("answer" as const), pick }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pause" as const), isFull: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("time" as const), seconds: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("settle" as const) }) },
);
const end: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    do: fc.constant("end" as const),
    how: fc.constantFrom(
      "gone" as const,
      "abort" as const,
      "close" as const,
      "malformed" as const,
      "wire" as const,
      "dismiss" as const,
    ),
  }),
  fc.constantFrom<Action>(
    { do: "call", kind: "aborts", hasId: true },
    { do: "call", kind: "streamAborts", hasId: true },
  ),
);
const scenario: fc.Arbitrary<Scenario> = fc.record({
  protocol: fc.constantFrom<HubProtocolName>("json", "messagepack"),
  permits: fc.integer({ min: 1, max: 3 }),
  setting: fc.constantFrom("direct" as const, "filter" as const, "createHub" as const, "disposer" as const),
  connect: fc.constantFrom("at once" as const, "at once" as const, "slow" as const, "fails" as const),
  actions: fc
    .tuple(fc.array(action, { maxLength: 40 }), fc.option(end), fc.array(action, { maxLength: 10 }))
    .map(([before, last, after]) => (last === null ? before : [...before, last, ...after])),
});

/** What happened, and the gates that hub code waits at. */
class World {
  readonly log: string[] = [];
  readonly gates: Array<{ open(): void; fail(): void }> = [];
  /** Plain calls that run and have not asked the client yet. */
  atOnce = 0;
  mostAtOnce = 0;

  gate(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.gates.push({ open: resolve, fail: () => reject(new Error("gate failed")) });
    });
  }

  take(position: number): { open(): void; fail(): void } | undefined {
    return this.gates.splice(position % Math.max(this.gates.length, 1), 1)[0];
  }

  enter(name: string): void {
    this.log.push(`start ${name}`);
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
  }
}

function hubOf(world: World, scenario: Scenario) {
  class FuzzHub extends Hub {
    static override readonly methods = hubMethods<FuzzHub>({
      ruled: {
        authorize: async () => {
          await world.gate();
          return true;
        },
      },
      endless: { returns: "stream" },
    });
    override async onConnected() {
      world.log.push("onConnected");
      if (scenario.connect !== "at once") await world.gate();
      if (scenario.connect === "fails") throw new Error("refused");
      world.log.push("connected");
    }
    override onDisconnected() {
      world.log.push("onDisconnected");
    }
    sync(name: string) {
      world.enter(name);
      world.atOnce -= 1;
      return name;
    }
    async slow(name: string) {
      world.enter(name);
      try {
        await world.gate();
      } finally {
        world.atOnce -= 1;
      }
      return name;
    }
    fails(name: string) {
      world.enter(name);
      world.atOnce -= 1;
      throw new Error(name);
    }
    ruled(name: string) {
      return this.sync(name);
    }
    async asks(name: string) {
      world.enter(name);
      world.atOnce -= 1;
      return await this.clients.caller.invoke("question", name);
    }
    aborts(name: string) {
      world.enter(name);
      world.atOnce -= 1;
      this.context.abort();
    }
    async *stream(name: string) {
      world.log.push(`start ${name}`);
      for (let count = 0; count < 3; count += 1) {
        await world.gate();
        yield count;
      }
    }
    async *broken(name: string) {
      world.log.push(`start ${name}`);
      yield 1;
      throw new Error("stream broke");
    }
    async *streamAborts(name: string) {
      world.log.push(`start ${name}`);
      this.context.abort();
      await world.gate();
      yield 1;
    }
    endless(name: string) {
      world.log.push(`start ${name}`);
      return { [Symbol.asyncIterator]: () => ({ next: () => world.gate().then(() => ({ done: false, value: 1 })) }) };
    }
    async upload(name: string, items: AsyncIterable<unknown>) {
      world.log.push(`start ${name}`);
      let count = 0;
      for await (const _item of items) count += 1;
      return count;
    }
  }
  if (scenario.setting === "disposer") {
    Object.defineProperty(FuzzHub.prototype, Symbol.asyncDispose, { value: () => turns(1) });
  }
  return FuzzHub;
}

function optionsOf(world: World, scenario: Scenario, hubClass: ReturnType<typeof hubOf>): HubOptions {
  const options: HubOptions = { maximumParallelInvocationsPerClient: scenario.permits };
  if (scenario.setting === "filter") {
    return { ...options, filters: [{ invoke: (_call, next) => world.gate().then(next) }] };
  }
  if (scenario.setting === "createHub") {
    return {
      ...options,
      createHub: async () => {
        await turns(1);
        return new hubClass();
      },
    };
  }
  return options;
}

/** What the client has sent and still has to answer. */
class Player {
  readonly calls: Array<{ readonly id: string | undefined; readonly name: string; readonly kind: Kind }> = [];
  readonly uploads: string[] = [];
  readonly #client: HarnessClient;
  readonly #harness: HubHarness;
  readonly #world: World;
  #answered = 0;
  #drain: () => void = () => {};

  constructor(harness: HubHarness, client: HarnessClient, world: World) {
    this.#harness = harness;
    this.#client = client;
    this.#world = world;
  }

  async act(action: Action): Promise<void> {
    const client = this.#client;
    switch (action.do) {
      case "call":
        return this.#call(action.kind, action.hasId);
      case "open":
        return this.#world.take(action.pick)?.open();
      case "fail":
        return this.#world.take(action.pick)?.fail();
      case "cancel":
        return client.cancel(this.#idAt(action.pick));
      case "item":
        return client.item(this.#uploadAt(action.pick), action.pick);
      case "endUpload":
        return client.endUpload(this.#uploadAt(action.pick), action.error ? "broken off" : undefined);
      case "answer":
        return this.answer();
      case "turn":
        return turns(1);
      case "pause":
        this.#drain();
        if (action.isFull) this.#drain = client.fill();
        return;
      case "time":
        return this.#harness.advance(action.seconds * 1000);
      case "settle":
        return this.#settle();
      case "end":
        return this.#end(action.how);
    }
  }

  answer(): void {
    const questions = this.#client.received.filter((message) => message.type === 1);
    const question = questions[this.#answered];
    if (question?.type !== 1 || question.invocationId === undefined) return;
    this.#answered += 1;
    this.#client.send({ type: 3, invocationId: question.invocationId, hasResult: true, result: 1 });
  }

  /** Lets everything that waits come to its end. */
  async finish(): Promise<void> {
    this.#drain();
    for (let round = 0; round < 400; round += 1) {
      for (const gate of this.#world.gates.splice(0)) gate.open();
      for (const upload of this.uploads.splice(0)) this.#client.endUpload(upload);
      for (const call of this.calls) if (call.kind === "endless") this.#client.cancel(call.id ?? "");
      this.answer();
      await turns(1);
      if (this.#world.gates.length === 0 && this.#client.session.pendingWork === 0 && round > 5) break;
    }
    if (!this.#client.session.isOpen) await this.#client.session.closed;
  }

  #call(kind: Kind, hasId: boolean): void {
    const isStream = STREAMS.includes(kind);
    const id = hasId || isStream ? this.#client.nextId() : undefined;
    const name = `${kind} ${this.calls.length}`;
    this.calls.push({ id, name, kind });
    const streamIds = kind === "upload" ? [`u${this.calls.length}`] : [];
    this.uploads.push(...streamIds);
    const call = { target: kind, arguments: [name], streamIds };
    if (isStream) this.#client.send({ type: 4, invocationId: id ?? "", ...call });
    else this.#client.send({ type: 1, invocationId: id, ...call });
  }

  #end(how: "gone" | "abort" | "close" | "malformed" | "wire" | "dismiss"): void {
    const { session } = this.#client;
    if (how === "gone") session.gone();
    else if (how === "abort") session.context.abort();
    else if (how === "dismiss") session.dismiss();
    else if (how === "close") this.#client.send({ type: 7 });
    else if (how === "wire") session.wireFailed(new SignalRError("SEND_BUFFER_FULL", "no room"));
    else this.#client.bytes(this.#client.protocol.name === "json" ? Buffer.from("[]\u001e") : Uint8Array.of(1, 0xc1));
  }

  /** What happens before a client moves to another server: all that it has called is answered. */
  async #settle(): Promise<void> {
    const { session, received } = this.#client;
    await session.settle(turns(3));
    session.interruptCalls();
    if (session.state !== "open") return;
    const answered = new Set(received.map((message) => (message.type === 3 ? message.invocationId : "")));
    for (const { id, kind } of this.calls) if (id !== undefined) expect([kind, answered.has(id)]).toEqual([kind, true]);
  }

  #idAt(position: number): string {
    return this.calls[position % Math.max(this.calls.length, 1)]?.id ?? "unknown";
  }

  #uploadAt(position: number): string {
    return this.uploads[position % Math.max(this.uploads.length, 1)] ?? "unknown";
  }
}

const STREAMS: readonly Kind[] = ["stream", "endless", "broken", "streamAborts"];
const PLAIN: readonly Kind[] = ["sync", "slow", "fails", "ruled", "asks", "aborts"];

function check(world: World, client: HarnessClient, player: Player, scenario: Scenario): void {
  const { log } = world;
  const wasOpen = client.session.isOpen;
  const starts = log.filter((entry) => entry.startsWith("start ")).map((entry) => entry.slice("start ".length));

  // onConnected comes before everything, onDisconnected once and last, and only after an onConnected that succeeded.
  expect(log[0] ?? "onConnected").toBe("onConnected");
  if (starts.length > 0) expect(log[1]).toBe("connected");
  const isConnected = log.includes("connected");
  const disconnects = log.filter((entry) => entry === "onDisconnected").length;
  expect(disconnects).toBe(isConnected && !wasOpen ? 1 : 0);
  if (disconnects === 1) expect(log.at(-1)).toBe("onDisconnected");

  // Plain calls start in the order sent, no more at once than there are permits.
  const plain = player.calls.filter((call) => PLAIN.includes(call.kind)).map((call) => call.name);
  const plainStarts = starts.filter((name) => plain.includes(name));
  if (scenario.permits === 1 && !player.calls.some((call) => call.kind === "asks")) {
    expect(plainStarts).toEqual(plain.filter((name) => plainStarts.includes(name)));
  }
  if (!player.calls.some((call) => call.kind === "asks"))
    expect(world.mostAtOnce).toBeLessThanOrEqual(scenario.permits);
  expect(new Set(starts).size).toBe(starts.length);

  // One completion for each id, none for ids that nobody used, no item after it.
  const completions = client.received.filter((message) => message.type === 3).map((message) => message.invocationId);
  expect(new Set(completions).size).toBe(completions.length);
  const ids = player.calls.flatMap((call) => call.id ?? []);
  for (const id of completions) expect(ids).toContain(id);
  if (wasOpen) expect([...completions].sort()).toEqual([...ids].sort());
  for (const [index, message] of client.received.entries()) {
    if (message.type !== 2) continue;
    const completedAt = client.received.findIndex(
      (other) => other.type === 3 && other.invocationId === message.invocationId,
    );
    expect(completedAt === -1 || completedAt > index).toBe(true);
  }

  // Nothing is said after the end, and nothing is left.
  expect(client.lateSends).toBe(0);
  expect(client.received.filter((message) => message.type === 7).length).toBeLessThanOrEqual(1);
  if (client.isClosed && client.received.some((message) => message.type === 7)) {
    expect(client.received.at(-1)?.type).toBe(7);
  }
  expect(client.goneCount).toBe(wasOpen ? 0 : 1);
  expect(client.session.pendingWork).toBe(0);
}

/** FUZZ_RUNS=1000 is the quick run, 100000 tries a hundred times as many orders of events. */
const FACTOR = Number(process.env["FUZZ_RUNS"] ?? 1000) / 1000;
const TIMEOUT_MS = Math.max(60_000, 60_000 * FACTOR);

const unhandled: unknown[] = [];
const listen = (reason: unknown): unknown => unhandled.push(reason);
beforeAll(() => {
  process.on("unhandledRejection", listen);
});
afterAll(() => {
  process.off("unhandledRejection", listen);
});

test(
  "a session keeps its promises in any order of events",
  async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const world = new World();
        const hubClass = hubOf(world, given);
        const harness = new HubHarness(hubClass, optionsOf(world, given, hubClass));
        const client = harness.open(given.protocol);
        const player = new Player(harness, client, world);
        client.handshake();
        for (const action of given.actions) await player.act(action);
        await player.finish();
        check(world, client, player, given);
        client.session.gone();
        await player.finish();
        expect([client.session.state, client.session.pendingWork, harness.outlet.results.size]).toEqual([
          "closed",
          0,
          0,
        ]);
        expect([harness.runtime.counts.runningCalls, harness.runtime.counts.waitingCalls]).toEqual([0, 0]);
        expect(unhandled).toEqual([]);
      }),
      { numRuns: Math.max(1, Math.round(1000 * FACTOR)) },
    );
  },
  TIMEOUT_MS,
);
