import { Hub } from "azure-signalr-server";

/** What the server calls on a client. */
export interface RoomClient {
  heard(processId: number, text: string): void;
}

/** The same class runs in each process; the service decides which of them gets a client. */
export class RoomHub extends Hub<RoomClient> {
  /** Id of the process that serves this client. */
  whoServes(): number {
    return process.pid;
  }

  /** Reaches the clients of all processes: the service knows them all. */
  async say(text: string): Promise<void> {
    await this.clients.all.send("heard", process.pid, text.slice(0, 1000));
  }
}
