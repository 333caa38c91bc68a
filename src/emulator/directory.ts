/** Somebody who can be found by id, user and group. */
export interface Member {
  readonly connectionId: string;
  readonly userId: string | undefined;
  /** Groups it is in; kept by the directory. */
  readonly groups: Set<string>;
}

const NOBODY: ReadonlySet<never> = new Set<never>();

/** Who is where in one hub. Nothing of a member stays after it was removed: empty users and groups are forgotten. */
export class Directory<M extends Member> {
  readonly #members = new Map<string, M>();
  readonly #users = new Map<string, Set<M>>();
  readonly #groups = new Map<string, Set<M>>();

  get size(): number {
    return this.#members.size;
  }

  get userCount(): number {
    return this.#users.size;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  add(member: M): void {
    this.#members.set(member.connectionId, member);
    if (member.userId !== undefined) addTo(this.#users, member.userId, member);
  }

  remove(member: M): void {
    if (this.#members.get(member.connectionId) !== member) return;
    this.#members.delete(member.connectionId);
    if (member.userId !== undefined) removeFrom(this.#users, member.userId, member);
    this.leaveAll(member);
  }

  get(connectionId: string): M | undefined {
    return this.#members.get(connectionId);
  }

  all(): IterableIterator<M> {
    return this.#members.values();
  }

  ofUser(userId: string): ReadonlySet<M> {
    return this.#users.get(userId) ?? NOBODY;
  }

  ofGroup(group: string): ReadonlySet<M> {
    return this.#groups.get(group) ?? NOBODY;
  }

  /** All groups with their members. */
  groups(): IterableIterator<[string, ReadonlySet<M>]> {
    return this.#groups.entries();
  }

  /** All users with their members. */
  users(): IterableIterator<[string, ReadonlySet<M>]> {
    return this.#users.entries();
  }

  /** Ignored for somebody who is not (or no longer) a member. Joining twice is joining once. */
  join(member: M, group: string): void {
    if (this.#members.get(member.connectionId) !== member) return;
    member.groups.add(group);
    addTo(this.#groups, group, member);
  }

  leave(member: M, group: string): void {
    if (member.groups.delete(group)) removeFrom(this.#groups, group, member);
  }

  leaveAll(member: M): void {
    for (const group of member.groups) removeFrom(this.#groups, group, member);
    member.groups.clear();
  }
}

function addTo<M>(index: Map<string, Set<M>>, key: string, member: M): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([member]));
  else set.add(member);
}

function removeFrom<M>(index: Map<string, Set<M>>, key: string, member: M): void {
  const set = index.get(key);
  if (set?.delete(member) && set.size === 0) index.delete(key);
}
