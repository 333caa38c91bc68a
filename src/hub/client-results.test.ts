import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { HubHarness } from "../../test/support/hub-harness.js";
import { turns } from "../../test/support/polling.js";
import { toError } from "../base/errors.js";
import type { HubMessage } from "../protocol/hub/messages.js";
import { ClientResults } from "./client-results.js";
import { Hub } from "./hub.js";

const NO_CANCEL = (): void => {};
const answer = (invocationId: string, result: unknown) => ({ type: 3, invocationId, hasResult: true, result }) as const;
const failure = (invocationId: string, error: string) => ({ type: 3, invocationId, hasResult: false, error }) as const;

describe("expected results", () => {
  test("have ids of their own, also among processes, and are forgotten when answered", async () => {
    const [here, there] = [new ClientResults("here"), new ClientResults("there")];
    const questions = [here, here, there].map((results) => results.expect("c1", undefined, NO_CANCEL));
    expect(new Set(questions.map((question) => question.invocationId)).size).toBe(3);
    const [first, second] = questions.map((question) => question.invocationId);
    expect(here.complete("c1", answer(second ?? "", "two"))).toBe(true);
    expect(here.complete("c1", answer(first ?? "", undefined))).toBe(true);
    expect(await questions[0]?.result).toBeNull();
    expect(await questions[1]?.result).toBe("two");
    expect([here.size, there.size]).toEqual([0, 1]);
  });

  test("are taken only once and only from the client that was asked", async () => {
    const results = new ClientResults("x");
    const { invocationId, result } = results.expect("c1", undefined, NO_CANCEL);
    expect(results.complete("c2", answer(invocationId, "forged"))).toBe(false);
    expect(results.isExpected(invocationId)).toBe(true);
    expect(results.complete("c1", failure(invocationId, "Error: from client"))).toBe(true);
    expect(results.complete("c1", answer(invocationId, "again"))).toBe(false);
    await expect(result).rejects.toMatchObject({ name: "HubException", message: "Error: from client" });
  });

  test("fail when the signal aborts, before or while they are awaited, and let go of the signal", async () => {
    const results = new ClientResults("x");
    const cancelled: string[] = [];
    const controller = new AbortController();
    const waiting = results.expect("c1", controller.signal, (id) => cancelled.push(id));
    const answered = results.expect("c1", controller.signal, (id) => cancelled.push(id));
    results.complete("c1", answer(answered.invocationId, 1));
    controller.abort();
    await expect(waiting.result).rejects.toMatchObject({
      name: "HubException",
      message: "Invocation canceled by the server.",
    });
    const late = results.expect("c1", controller.signal, (id) => cancelled.push(id));
    expect(results.isExpected(late.invocationId)).toBe(false);
    await expect(late.result).rejects.toThrow("Invocation canceled by the server.");
    expect(cancelled).toEqual([waiting.invocationId]);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    expect(results.size).toBe(0);
  });

  test("fail with their connection, with their part of the service, or all", async () => {
    const results = new ClientResults("x");
    const [one, two, three, four] = ["c1", "c2", "c3", "c4"].map((id) => results.expect(id, undefined, NO_CANCEL));
    results.locate(two?.invocationId ?? "", "instance-1");
    results.locate("unknown", "instance-1");
    results.failConnection("c1");
    results.failInstance("instance-1");
    await expect(one?.result).rejects.toMatchObject({ name: "IOException", message: "Connection 'c1' disconnected." });
    await expect(two?.result).rejects.toMatchObject({ name: "IOException", message: "Connection 'c2' disconnected." });
    results.failAll(new Error("shut down"));
    await expect(three?.result).rejects.toThrow("shut down");
    await expect(four?.result).rejects.toThrow("shut down");
    expect(results.size).toBe(0);
  });

  test("that fail and that nobody awaits are no unhandled rejections", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): unknown => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const results = new ClientResults("x");
    results.expect("c1", undefined, NO_CANCEL);
    results.failAll(new Error("shut down"));
    await turns();
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });
});

class AskingHub extends Hub {
  async ask(connectionId: string) {
    return await this.clients.client(connectionId).invoke("question", 1, "two");
  }
  async askUntil(milliseconds: number) {
    const controller = new AbortController();
    if (milliseconds === 0) controller.abort();
    const result = this.clients.caller.invoke("question", 1, controller.signal);
    setImmediate(() => controller.abort());
    return await result;
  }
  async askCarefully() {
    try {
      return await this.clients.caller.invoke("question");
    } catch (error) {
      return `${toError(error).name}: ${toError(error).message}`;
    }
  }
}

const idOf = (message: HubMessage): string => ("invocationId" in message ? (message.invocationId ?? "") : "");
const UNEXPECTED = (method: string): string => `An unexpected error occurred invoking '${method}' on the server.`;

describe("a hub method that asks a client", () => {
  test("gets what another client's handler returned", async () => {
    const harness = new HubHarness(AskingHub);
    const [asking, asked] = [await harness.connect("json"), await harness.connect("messagepack")];
    asking.invoke("ask", asked.id);
    const question = await asked.next();
    expect(question).toMatchObject({ type: 1, target: "question", arguments: [1, "two"] });
    asked.send(answer(idOf(question), { yes: true }));
    expect((await asking.completion()).result).toEqual({ yes: true });
    expect(harness.outlet.results.size).toBe(0);
  });

  test("does not send the signal, and hears at once when it aborts", async () => {
    const client = await new HubHarness(AskingHub).connect();
    client.invoke("askUntil", 5);
    const question = await client.next();
    expect(question).toMatchObject({ arguments: [1] });
    expect((await client.completion()).error).toBe(
      `${UNEXPECTED("askUntil")} HubException: Invocation canceled by the server.`,
    );
    client.send(answer(idOf(question), "late"));
    client.invoke("askUntil", 0);
    expect((await client.completion()).error).toContain("Invocation canceled by the server.");
  });

  test("fails when that client is unknown, or leaves without an answer", async () => {
    const harness = new HubHarness(AskingHub, { enableDetailedErrors: true });
    const [asking, asked] = [await harness.connect(), await harness.connect()];
    expect(await asking.failure("ask", "nobody")).toBe(
      `${UNEXPECTED("ask")} IOException: Connection 'nobody' does not exist.`,
    );
    asking.invoke("ask", asked.id);
    await asked.next();
    asked.session.gone();
    expect((await asking.completion()).error).toBe(
      `${UNEXPECTED("ask")} IOException: Connection '${asked.id}' disconnected.`,
    );
  });

  test("may go on after the client's failure", async () => {
    const client = await new HubHarness(AskingHub).connect();
    client.invoke("askCarefully");
    client.send(failure(idOf(await client.next()), "Client didn't provide a result."));
    expect((await client.completion()).result).toBe("HubException: Client didn't provide a result.");
  });
});
