import { Hub } from "azure-signalr-server";

/** A hub as a server has it; the page beside it takes no more than its type. */
export class PageHub extends Hub<{ messageReceived(text: string): void }> {
  async say(text: string) {
    await this.clients.others.send("messageReceived", text);
    return text.length;
  }
  async *countdown(from: number) {
    for (let count = from; count > 0; count -= 1) yield count;
  }
  feed(): ReadableStream<string> {
    return new ReadableStream();
  }
  async total(numbers: AsyncIterable<number>) {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  }
}
