import { describe, expect, test } from "vitest";
import { Directory, type Member } from "./directory.js";

const member = (connectionId: string, userId?: string): Member => ({ connectionId, userId, groups: new Set() });

describe("a directory", () => {
  test("finds members by id, user and group", () => {
    const directory = new Directory<Member>();
    const [one, two] = [member("1", "ann"), member("2", "ann")];
    for (const item of [one, two, member("3")]) directory.add(item);
    directory.join(one, "room");
    expect(directory.get("2")).toBe(two);
    expect([...directory.ofUser("ann")]).toEqual([one, two]);
    expect([...directory.ofGroup("room")]).toEqual([one]);
    expect([directory.size, directory.userCount, directory.groupCount]).toEqual([3, 1, 1]);
  });

  test("keeps nothing of a member that is gone", () => {
    const directory = new Directory<Member>();
    const one = member("1", "ann");
    directory.add(one);
    directory.join(one, "room");
    directory.join(one, "room");
    directory.remove(one);
    directory.remove(one);
    expect([directory.size, directory.userCount, directory.groupCount, one.groups.size]).toEqual([0, 0, 0, 0]);
    directory.join(one, "room");
    expect(directory.groupCount).toBe(0);
  });

  test("does not mix up two members with one id", () => {
    const directory = new Directory<Member>();
    const [first, second] = [member("1"), member("1")];
    directory.add(first);
    directory.add(second);
    directory.remove(first);
    expect(directory.get("1")).toBe(second);
  });

  test("leaves a group that a member is not in alone", () => {
    const directory = new Directory<Member>();
    const [one, two] = [member("1"), member("2")];
    for (const item of [one, two]) directory.add(item);
    directory.join(one, "room");
    directory.leave(two, "room");
    expect([...directory.ofGroup("room")]).toEqual([one]);
    directory.leave(one, "room");
    expect(directory.groupCount).toBe(0);
  });
});
