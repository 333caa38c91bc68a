import { ClientResults } from "../../src/hub/client-results.js";
import type { ClientSession } from "../../src/hub/client-session.js";
import { namedError } from "../../src/hub/errors.js";
import type { Address, ClientWire, HubOutlet } from "../../src/hub/outlet.js";
import type { CompletionMessage } from "../../src/protocol/hub/messages.js";

/** One send of a hub, as it reached the outlet. */
export interface Sent {
  readonly address: Address;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly origin: ClientWire | undefined;
}

/** The smallest service there is: it knows its clients and groups, and delivers at once, in order. */
export class MemoryOutlet implements HubOutlet {
  readonly sessions = new Map<string, ClientSession>();
  readonly groups = new Map<string, Set<string>>();
  readonly results = new ClientResults("test");
  readonly sent: Sent[] = [];
  /** Completions that no question of this outlet was waiting for. */
  readonly strayCompletions: CompletionMessage[] = [];

  send(address: Address, method: string, args: readonly unknown[], origin: ClientWire | undefined): undefined {
    this.sent.push({ address, method, args, origin });
    for (const connectionId of this.#members(address)) {
      const session = this.sessions.get(connectionId);
      if (session?.protocol === undefined) continue;
      session.wire.send(session.protocol.write({ type: 1, target: method, arguments: args }), "invocation");
    }
    return undefined;
  }

  async addToGroup(connectionId: string, group: string): Promise<void> {
    const members = this.groups.get(group) ?? new Set();
    this.groups.set(group, members.add(connectionId));
  }

  async removeFromGroup(connectionId: string, group: string): Promise<void> {
    this.groups.get(group)?.delete(connectionId);
  }

  async invoke(
    connectionId: string,
    method: string,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const session = this.sessions.get(connectionId);
    if (session?.protocol === undefined) {
      throw namedError("IOException", `Connection '${connectionId}' does not exist.`);
    }
    const { invocationId, result } = this.results.expect(connectionId, signal, () => {});
    if (this.results.isExpected(invocationId)) {
      const question = session.protocol.write({ type: 1, invocationId, target: method, arguments: args });
      session.wire.send(question, "invocation");
    }
    return result;
  }

  invocationCompleted(connectionId: string, completion: CompletionMessage): void {
    if (!this.results.complete(connectionId, completion)) this.strayCompletions.push(completion);
  }

  forget(connectionId: string): void {
    this.sessions.delete(connectionId);
    this.results.failConnection(connectionId);
    for (const members of this.groups.values()) members.delete(connectionId);
  }

  #members(address: Address): readonly string[] {
    const everybody = [...this.sessions.keys()];
    const inGroup = (group: string): readonly string[] => [...(this.groups.get(group) ?? [])];
    const ofUser = (userId: string): readonly string[] =>
      everybody.filter((id) => this.sessions.get(id)?.context.userIdentifier === userId);
    switch (address.to) {
      case "all":
        return everybody.filter((id) => !address.except.includes(id));
      case "connections":
        return address.connectionIds;
      case "group":
        return inGroup(address.group).filter((id) => !address.except.includes(id));
      case "groups":
        return address.groups.flatMap(inGroup);
      case "user":
        return ofUser(address.userId);
      case "users":
        return address.userIds.flatMap(ofUser);
    }
  }
}
