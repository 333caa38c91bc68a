import { expect, test } from "vitest";
import { HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import { Hub } from "./hub.js";
import { hubMethods } from "./method-options.js";

const LEFT = "HubException: The server shut down before the call had ended.";
const invoking = (method: string) => `An unexpected error occurred invoking '${method}' on the server. ${LEFT}`;

let open: (value: string) => void = () => {};
const gate = () =>
  new Promise<string>((resolve) => {
    open = resolve;
  });
let tell: string[] = [];

class SlowHub extends Hub {
  static override readonly methods = hubMethods<SlowHub>({ total: { streams: [0] } });
  gated() {
    return gate();
  }
  echo(text: string) {
    return text;
  }
  async *ticks() {
    try {
      yield 1;
      await new Promise((resolve) => this.signal.addEventListener("abort", resolve));
    } finally {
      tell.push("ticks ended");
    }
  }
  async *two() {
    yield 1;
    yield await gate();
  }
  async total(numbers: AsyncIterable<number>) {
    try {
      for await (const number of numbers) tell.push(String(number));
    } catch (error) {
      tell.push(String(error));
    }
    return "too late";
  }
  async ask() {
    return await this.clients.caller.invoke("question");
  }
}

const never = new Promise<void>(() => {});

function settling(client: Awaited<ReturnType<HubHarness["connect"]>>, limit: Promise<void> = never) {
  const state = { isSettled: false };
  const settled = client.session.settle(limit).then(() => {
    state.isSettled = true;
    client.session.interruptCalls();
  });
  return { settled, state };
}

test("a client without calls is settled at once", async () => {
  const client = await new HubHarness(SlowHub).connect();
  await settling(client).settled;
  expect(client.received).toEqual([]);
  expect(await client.call("echo", "on")).toBe("on");
});

test("calls that run, and those behind them, end first", async () => {
  const client = await new HubHarness(SlowHub).connect();
  client.invoke("gated");
  client.invoke("echo", "behind");
  const { settled, state } = settling(client);
  await turns();
  expect(state.isSettled).toBe(false);
  open("done");
  await settled;
  expect([await client.completion(), await client.completion()]).toMatchObject([
    { invocationId: "0", result: "done" },
    { invocationId: "1", result: "behind" },
  ]);
});

test("a stream may end too", async () => {
  const client = await new HubHarness(SlowHub).connect();
  client.stream("two");
  await turns();
  const { settled } = settling(client);
  open("last");
  await settled;
  expect(client.received).toMatchObject([{ item: 1 }, { item: "last" }, { type: 3, invocationId: "0" }]);
});

test("at the limit everything is answered with an error, once, and what waits never runs", async () => {
  tell = [];
  const client = await new HubHarness(SlowHub).connect();
  client.stream("ticks");
  client.invoke("gated");
  client.invoke("echo", "never");
  await turns();
  await settling(client, Promise.resolve()).settled;
  await turns();
  open("too late");
  await turns();
  const answers = client.received.filter(({ type }) => type === 3) as { invocationId: string; error?: string }[];
  expect(answers.map(({ invocationId, error }) => [invocationId, error]).sort()).toEqual([
    ["0", invoking("ticks")],
    ["1", invoking("gated")],
    ["2", invoking("echo")],
  ]);
  expect(tell).toEqual(["ticks ended"]);
  expect(client.session.pendingWork).toBe(0);
});

test("what can only end with the client's help is not waited for", async () => {
  tell = [];
  const client = await new HubHarness(SlowHub).connect();
  client.upload("total", ["up"]);
  client.item("up", 7);
  client.invoke("ask");
  await turns();
  await settling(client).settled;
  await turns();
  const answers = client.received.filter(({ type }) => type === 3) as { error?: string }[];
  expect(answers.map(({ error }) => error).sort()).toEqual([invoking("ask"), invoking("total")]);
  expect(tell[0]).toBe("7");
});

test("a client whose onConnected runs is settled when that is over and its first calls are answered", async () => {
  let connected: () => void = () => {};
  class LateHub extends SlowHub {
    override onConnected() {
      return new Promise<void>((resolve) => {
        connected = resolve;
      });
    }
  }
  const client = new HubHarness(LateHub).open();
  client.handshake();
  client.invoke("echo", "early");
  const { settled, state } = settling(client);
  await turns();
  expect(state.isSettled).toBe(false);
  connected();
  await settled;
  expect(await client.completion()).toMatchObject({ result: "early" });
});

test("a client that is gone meanwhile is nobody's affair", async () => {
  const client = await new HubHarness(SlowHub).connect();
  client.invoke("gated");
  const { settled } = settling(client);
  client.session.gone();
  open("nobody listens");
  await settled;
  expect(client.received).toEqual([]);
  expect(client.lateSends).toBe(0);
});

test("a client that is dismissed is told to come back", async () => {
  const client = await new HubHarness(SlowHub).connect();
  client.invoke("gated");
  client.session.dismiss();
  expect(await client.close()).toEqual({ type: 7, allowReconnect: true });
  expect(client.isClosed).toBe(true);
  await client.session.closed;
  const greeting = new HubHarness(SlowHub).open();
  greeting.session.dismiss();
  expect([greeting.isClosed, greeting.received]).toEqual([true, []]);
});
