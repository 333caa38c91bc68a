import { describe, expect, test } from "vitest";
import { ChatHub } from "../../samples/chat/chat-hub.js";
import { Figures } from "../../samples/chat/figures.js";
import { Rooms } from "../../samples/chat/rooms.js";
import { HubHarness } from "../support/hub-harness.js";

/** The sample's hub in memory, where a join stops at the group until the test lets it go on. */
function openChat() {
  const rooms = new Rooms();
  const figures = new Figures();
  const chat = new HubHarness(ChatHub, { createHub: () => new ChatHub(rooms, figures) });
  const { outlet } = chat;
  const addToGroup = outlet.addToGroup.bind(outlet);
  const waiting: Array<() => void> = [];
  outlet.addToGroup = async (connectionId, group) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
    });
    await addToGroup(connectionId, group);
  };
  const settled = () =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });
  return {
    chat,
    rooms,
    settled,
    admitAll: async () => {
      await settled();
      for (const admit of waiting.splice(0)) admit();
      await settled();
    },
  };
}

describe("the hub of the chat sample", () => {
  test("gives no seat to somebody who has left while he was joining", async () => {
    const { chat, rooms, settled, admitAll } = openChat();
    const client = await chat.connect();
    client.invoke("join", "Lobby", "ann");
    await settled();
    client.session.gone();
    await admitAll();
    await client.session.closed;
    expect(rooms.people("Lobby")).toEqual([]);
    expect(rooms.seat(client.id)).toBeUndefined();
  });

  test("tells the room that he has left on the way, too", async () => {
    const { chat, rooms, settled, admitAll } = openChat();
    const client = await chat.connect();
    client.invoke("join", "Lobby", "ann");
    await admitAll();
    expect(rooms.people("Lobby")).toEqual(["ann"]);
    client.invoke("join", "Garden", "ann");
    await settled();
    client.session.gone();
    await admitAll();
    await client.session.closed;
    expect(rooms.list().every(({ people }) => people === 0)).toBe(true);
    const news = chat.outlet.sent.filter(({ method }) => method === "peopleChanged").map(({ args }) => args);
    expect(news).toEqual([
      ["Lobby", ["ann"]],
      ["Lobby", []],
    ]);
  });

  test("has no more rooms than are allowed, also when many are opened at once", async () => {
    const { chat, rooms, admitAll } = openChat();
    const clients = await Promise.all(Array.from({ length: 120 }, () => chat.connect()));
    for (const [index, client] of clients.entries()) client.invoke("join", `room ${index}`, "ann");
    await admitAll();
    expect(rooms.list()).toHaveLength(100);
  });
});
