import { expect, test } from "vitest";
import type { HubOutlet } from "../hub/outlet.js";
import { DeferredOutlet } from "./deferred-outlet.js";

class Recorder implements HubOutlet {
  readonly calls: string[] = [];
  send(_address: unknown, method: string): undefined {
    this.calls.push(`send ${method}`);
  }
  async addToGroup(connectionId: string, group: string): Promise<void> {
    this.calls.push(`add ${connectionId} ${group}`);
  }
  async removeFromGroup(connectionId: string, group: string): Promise<void> {
    this.calls.push(`remove ${connectionId} ${group}`);
  }
  async invoke(connectionId: string, method: string): Promise<unknown> {
    this.calls.push(`invoke ${connectionId} ${method}`);
    return "result";
  }
  invocationCompleted(connectionId: string): void {
    this.calls.push(`completed ${connectionId}`);
  }
}

const all = { to: "all", except: [] } as const;

test("what is asked before there is an outlet goes out when it is there, in order, and later calls behind it", async () => {
  let arrive: (outlet: HubOutlet) => void = () => {};
  const pending = new Promise<HubOutlet>((resolve) => {
    arrive = resolve;
  });
  const deferred = new DeferredOutlet(pending);
  const recorder = new Recorder();
  deferred.invocationCompleted("c0", { type: 3, invocationId: "1", hasResult: false });
  const waiting = [
    deferred.addToGroup("c1", "g", undefined),
    deferred.send(all, "first", [], undefined),
    deferred.removeFromGroup("c1", "g", undefined),
    deferred.invoke("c1", "ask", [], undefined, undefined),
  ];
  const later = pending.then(() => deferred.send(all, "second", [], undefined));
  arrive(recorder);
  expect((await Promise.all(waiting))[3]).toBe("result");
  await later;
  expect(deferred.send(all, "third", [], undefined)).toBeUndefined();
  deferred.invocationCompleted("c2", { type: 3, invocationId: "2", hasResult: false });
  expect(recorder.calls).toEqual([
    "add c1 g",
    "send first",
    "remove c1 g",
    "invoke c1 ask",
    "send second",
    "send third",
    "completed c2",
  ]);
});

test("all who wait are told when there will be no outlet, and nobody else is", async () => {
  const deferred = new DeferredOutlet(Promise.reject(new Error("no settings")));
  await expect(deferred.send(all, "first", [], undefined)).rejects.toThrow("no settings");
  await expect(deferred.addToGroup("c1", "g", undefined)).rejects.toThrow("no settings");
});
