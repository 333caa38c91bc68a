// The hub server under test: this package, as an app would use it, without an HTTP server of its own.
// Another build of the package can be named, to compare with.
const { Hub, signalr } = await import(process.env.BENCH_PACKAGE ?? "../../dist/index.js");

class BenchHub extends Hub {
  echo(text) {
    return text;
  }
  async asyncEcho(text) {
    return text;
  }
  async broadcast(text) {
    await this.clients.all.send("received", text);
  }
  async toGroup(group, text) {
    await this.clients.group(group).send("received", text);
  }
  async toUser(user, text) {
    await this.clients.user(user).send("received", text);
  }
  async join(group) {
    await this.groups.add(this.context.connectionId, group);
  }
  *#items(count) {
    for (let item = 0; item < count; item += 1) yield item;
  }
  async *stream(count) {
    yield* this.#items(count);
  }
  async sum(numbers) {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  }
}

const hubs = signalr.named("signalr", {
  connectionString: process.env.BENCH_CONNECTION_STRING,
  connectionCount: Number(process.env.BENCH_CONNECTIONS ?? 2),
  configuration: { values: {} },
  hub: { maximumReceiveMessageSize: null },
});
hubs.mapHub("/bench", BenchHub);
await hubs.started();
process.on("message", (request) => {
  if (request === "heap") {
    globalThis.gc?.();
    process.send({ heap: process.memoryUsage().heapUsed });
  }
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
