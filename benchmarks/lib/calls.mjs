import { setTimeout as delay } from "node:timers/promises";

const TEXT = "hello world, this is a message";

/** The record of a call, as the official JavaScript client writes it. */
export function callRecord(target, args, invocationId, streamIds) {
  const call = { type: 1, invocationId, target, arguments: args, ...(streamIds && { streamIds }) };
  return Buffer.from(`${JSON.stringify(call)}\u001e`);
}

/** Counts what is done while it runs; a load is stopped before the next one starts. */
export class Load {
  done = 0;
  /** Milliseconds of each answer while {@link timing} is on. */
  latencies = [];
  timing = false;
  #isRunning = true;
  #stops = [];

  /** Each client calls again as soon as it is answered. `args` get the number of the client. */
  static closedLoop(clients, target, args = () => [TEXT]) {
    const load = new Load();
    for (const [index, client] of clients.entries()) load.#loop(client, target, args(index));
    return load;
  }

  /** So many calls a second over all clients together, sent at even distances whatever the answers do. */
  static paced(clients, target, perSecond) {
    const load = new Load();
    const begun = performance.now();
    const sentAt = new Map();
    let sent = 0;
    for (const client of clients) {
      client.receive = (payload) => {
        load.done += 1;
        const id = /"invocationId":"(\d+)"/.exec(payload.latin1Slice(0, Math.min(payload.length, 200)))?.[1];
        const began = sentAt.get(id);
        sentAt.delete(id);
        if (load.timing && began !== undefined) load.latencies.push(performance.now() - began);
      };
    }
    const timer = setInterval(() => {
      const due = ((performance.now() - begun) / 1000) * perSecond;
      for (; sent < due; sent += 1) {
        const id = String(sent);
        sentAt.set(id, performance.now());
        clients[sent % clients.length].send(callRecord(target, [TEXT], id));
      }
    }, 1);
    load.#stops.push(() => clearInterval(timer));
    return load;
  }

  /** Each client reads streams of that many items, one after the other; counted are the items. */
  static streams(clients, items) {
    const load = new Load();
    for (const client of clients) {
      const next = (id) => {
        if (!load.#isRunning) return;
        client.receive = (payload) => {
          // A payload is one item, or the completion.
          if (payload.indexOf('"type":3') === -1) load.done += 1;
          else next(id + 1);
        };
        client.send(Buffer.from(`{"type":4,"invocationId":"${id}","target":"stream","arguments":[${items}]}\u001e`));
      };
      next(0);
    }
    return load;
  }

  /** Each client uploads that many items, one upload after the other; counted are the items. */
  static uploads(clients, items) {
    const load = new Load();
    for (const client of clients) {
      const next = (id) => {
        if (!load.#isRunning) return;
        client.receive = () => {
          load.done += items;
          next(id + 1);
        };
        client.send(callRecord("sum", [], String(id), [`s${id}`]));
        for (let item = 0; item < items; item += 1) {
          client.send(Buffer.from(`{"type":2,"invocationId":"s${id}","item":${item}}\u001e`));
        }
        client.send(Buffer.from(`{"type":3,"invocationId":"s${id}"}\u001e`));
      };
      next(0);
    }
    return load;
  }

  /** Ends the load and waits for what is under way. */
  async stop() {
    this.#isRunning = false;
    for (const stop of this.#stops) stop();
    let before;
    do {
      before = this.done;
      await delay(50);
    } while (this.done !== before);
  }

  #loop(client, target, args) {
    let id = 0;
    let began = 0;
    const tail = `","target":"${target}","arguments":${JSON.stringify(args)}}\u001e`;
    const call = () => {
      began = performance.now();
      client.send(Buffer.from(`{"type":1,"invocationId":"${id++}${tail}`));
    };
    client.receive = () => {
      this.done += 1;
      if (this.timing) this.latencies.push(performance.now() - began);
      if (this.#isRunning) call();
    };
    call();
  }
}
