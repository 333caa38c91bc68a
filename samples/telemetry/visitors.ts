import { type HubConnection, HubConnectionBuilder, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { context, propagation } from "@opentelemetry/api";
import { withTraceContext } from "azure-signalr-server/client";

const PAUSE_MS = 150;

/** Clients that use the hub as people would, so that there is something to see. */
export class Visitors {
  readonly #clients: HubConnection[] = [];
  readonly #loops: Promise<void>[] = [];
  #isStopped = false;

  /** Resolves when all are connected; they go on calling until {@link stop}. */
  async start(url: string, count: number): Promise<void> {
    for (let visitor = 0; visitor < count; visitor += 1) {
      const protocol = withTraceContext(new JsonHubProtocol(), (headers) =>
        propagation.inject(context.active(), headers),
      );
      const client = new HubConnectionBuilder()
        .withUrl(url)
        .withHubProtocol(protocol)
        .withAutomaticReconnect()
        .configureLogging(LogLevel.None)
        .build();
      client.on("news", () => {});
      client.on("confirm", () => true);
      await client.start();
      this.#clients.push(client);
      this.#loops.push(this.#use(client, visitor));
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients.map((client) => client.stop()));
    await Promise.all(this.#loops);
  }

  async #use(client: HubConnection, visitor: number): Promise<void> {
    for (let round = visitor; !this.#isStopped; round += 1) {
      try {
        await this.#call(client, round % 7);
      } catch {
        // Failing calls belong to the picture, and so does a call that the end of the program cuts off.
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * Math.random()));
    }
  }

  async #call(client: HubConnection, what: number): Promise<void> {
    if (what === 0) await client.invoke("fail");
    else if (what === 1) await client.invoke("query", 200 * Math.random());
    else if (what === 2) await client.invoke("announce", "hello");
    else if (what === 3) await client.invoke("ask");
    else if (what === 4) await drain(client, 3);
    else await client.invoke("echo", "x".repeat(100));
  }
}

function drain(client: HubConnection, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.stream("count", count).subscribe({ next: () => {}, complete: resolve, error: reject });
  });
}
