import type { Clock } from "../base/clock.js";

// A service remembers a membership for a year when no time was given, and the last hundred of a user.
const LONGEST_MS = 365 * 24 * 60 * 60 * 1000;
const GROUPS_PER_USER = 100;
const DEFAULT_MAX_USERS = 100_000;

/**
 * Groups that belong to users rather than to connections: later connections of the user join them too. Bounded: of too
 * many users the one that was remembered longest ago is forgotten.
 */
export class UserGroups {
  readonly #clock: Clock;
  readonly #maxUsers: number;
  /** User -> group -> when the membership ends. */
  readonly #users = new Map<string, Map<string, number>>();

  constructor(clock: Clock, maxUsers = DEFAULT_MAX_USERS) {
    this.#clock = clock;
    this.#maxUsers = maxUsers;
  }

  get userCount(): number {
    return this.#users.size;
  }

  /** `ttlSeconds`: absent is as long as can be; 0 concerns present connections only, nothing is remembered. */
  remember(userId: string, group: string, ttlSeconds: number | undefined): void {
    if (ttlSeconds !== undefined && ttlSeconds <= 0) return;
    const lifeMs = ttlSeconds === undefined ? LONGEST_MS : Math.min(ttlSeconds * 1000, LONGEST_MS);
    const groups = this.#users.get(userId) ?? new Map<string, number>();
    // Deleted first, so that insertion order is the order of remembering.
    groups.delete(group);
    groups.set(group, this.#clock.now() + lifeMs);
    if (groups.size > GROUPS_PER_USER) dropFirst(groups);
    this.#users.delete(userId);
    this.#users.set(userId, groups);
    if (this.#users.size > this.#maxUsers) dropFirst(this.#users);
  }

  forget(userId: string, group: string): void {
    const groups = this.#users.get(userId);
    if (groups?.delete(group) && groups.size === 0) this.#users.delete(userId);
  }

  forgetAll(userId: string): void {
    this.#users.delete(userId);
  }

  /** The groups that a new connection of the user joins now. */
  of(userId: string): string[] {
    const now = this.#clock.now();
    const groups: string[] = [];
    for (const [group, endsAt] of this.#users.get(userId) ?? []) {
      if (endsAt > now) groups.push(group);
    }
    return groups;
  }

  has(userId: string, group: string): boolean {
    const endsAt = this.#users.get(userId)?.get(group);
    return endsAt !== undefined && endsAt > this.#clock.now();
  }

  /** Frees what has ended; to be called now and then. */
  sweep(): void {
    const now = this.#clock.now();
    for (const [userId, groups] of this.#users) {
      for (const [group, endsAt] of groups) {
        if (endsAt <= now) groups.delete(group);
      }
      if (groups.size === 0) this.#users.delete(userId);
    }
  }
}

function dropFirst<K, V>(map: Map<K, V>): void {
  const first = map.keys().next();
  if (!first.done) map.delete(first.value);
}
