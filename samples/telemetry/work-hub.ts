import { trace } from "@opentelemetry/api";
import { Hub, HubException } from "azure-signalr-server";

/** What the server calls on its clients. */
export interface WorkClient {
  news(text: string): void;
  confirm(question: string): boolean;
}

const tracer = trace.getTracer("telemetry-sample");

/** Something of everything that shows in telemetry. */
export class WorkHub extends Hub<WorkClient> {
  echo(text: string) {
    return text;
  }

  /** Takes as long as it is told, as a query would. Its own span becomes a child of the hub method's. */
  async query(milliseconds: number) {
    await tracer.startActiveSpan("query", async (span) => {
      await new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, 1000)));
      span.end();
    });
  }

  fail() {
    throw new HubException("This method always fails.");
  }

  async *count(to: number) {
    for (let number = 1; number <= to; number += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield number;
    }
  }

  async announce(text: string) {
    await this.clients.all.send("news", text);
  }

  async ask() {
    return this.clients.caller.invoke("confirm", "Still there?");
  }
}
