import { openConnection } from "./connection.js";
import { createSparkline } from "./sparkline.js";
import * as view from "./view.js";

const TYPING_EVERY_MS = 1500;
const TYPING_SHOWN_MS = 3000;

const NOTHING = { at: 0, id: 0 };

const byId = (id) => document.getElementById(id);
const sparkline = createSparkline(byId("sparkline"));
const typists = new Map();

// Set while somebody sits in a room; kept over reconnects, so that the page can go back to it.
let me;
let room;
let rooms = [];
let people = [];
let last = NOTHING;
let typingSentAt = 0;
let figures;

const { connection, start } = openConnection({ onState: view.showStatus, onReady: begin });

connection.on("roomsChanged", (list) => {
  rooms = list;
  view.showRooms(rooms, room, tryJoin);
  view.showRoomChoice(rooms, room);
});

connection.on("peopleChanged", (where, names) => {
  if (where !== room) return;
  for (const name of names) if (!people.includes(name) && name !== me) view.showNote(`${name} came in`);
  for (const name of people) if (!names.includes(name) && name !== me) view.showNote(`${name} left`);
  people = names;
  view.showPeople(people, me);
});

connection.on("messageReceived", (message) => {
  stoppedTyping(message.name);
  show(message);
});

connection.on("personTyping", (where, name) => {
  if (where !== room || name === me) return;
  clearTimeout(typists.get(name));
  typists.set(name, setTimeout(stoppedTyping, TYPING_SHOWN_MS, name));
  view.showTyping([...typists.keys()]);
});

/** After the first connection and after each reconnect: a new connection has no streams and sits in no room. */
async function begin() {
  figures?.dispose();
  sparkline.clear();
  figures = connection.stream("figures").subscribe({
    next: ({ online, messages, delayMs }) => {
      byId("online").textContent = String(online);
      byId("messages").textContent = String(messages);
      byId("delay").textContent = delayMs.toFixed(1);
      sparkline.push(delayMs);
    },
    error: () => {},
    complete: () => {},
  });
  if (room !== undefined) await tryJoin(room);
}

async function join(name) {
  toggleRooms(false);
  const seen = await connection.invoke("join", name, me);
  if (seen.room !== room) {
    view.clearLog();
    last = NOTHING;
  }
  room = seen.room;
  people = seen.people;
  for (const typist of [...typists.keys()]) stoppedTyping(typist);
  byId("welcome").hidden = true;
  byId("chat").hidden = false;
  byId("room-name").textContent = room;
  document.title = `${room} · Parlour`;
  for (const message of seen.messages) show(message);
  view.showEmptiness(last === NOTHING);
  view.showPeople(people, me);
  view.showSelf(me);
  view.showRooms(rooms, room, tryJoin);
  byId("text").focus({ preventScroll: true });
}

/** From inside a room: a refusal is told there, and the old room stays. */
async function tryJoin(name) {
  try {
    await join(name);
    return true;
  } catch (error) {
    view.showNote(reasonOf(error));
    return false;
  }
}

/** After a reconnect the view of the room and the group may both bring a message, and bring old ones again. */
function show(message) {
  if (message.at < last.at || (message.at === last.at && message.id <= last.id)) return;
  last = message;
  view.showEmptiness(false);
  view.showMessage(message, me);
}

function stoppedTyping(name) {
  clearTimeout(typists.get(name));
  typists.delete(name);
  view.showTyping([...typists.keys()]);
}

function toggleRooms(isOpen) {
  byId("chat").classList.toggle("rooms-open", isOpen);
  byId("toggle-rooms").setAttribute("aria-expanded", String(isOpen));
}

/** What went wrong, in the server's words where it has any for people. */
const reasonOf = (error) => String(error?.message ?? error).replace(/^.*HubException: /, "");

byId("enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.currentTarget);
  me = String(form.get("name")).normalize("NFC").replace(/\s+/gu, " ").trim();
  byId("enter-error").textContent = "";
  try {
    await join(String(form.get("room") ?? "Lobby"));
    sessionStorage.setItem("name", me);
  } catch (error) {
    byId("enter-error").textContent = reasonOf(error);
  }
});

byId("open-room").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  if (await tryJoin(String(new FormData(form).get("room")))) form.reset();
});

byId("leave").addEventListener("click", async () => {
  room = undefined;
  byId("chat").hidden = true;
  byId("welcome").hidden = false;
  document.title = "Parlour";
  await connection.invoke("leave").catch(() => {}); // offline: the seat went with the connection
});

byId("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = byId("text");
  const said = text.value;
  if (said.trim() === "") return;
  text.value = "";
  fit(text);
  typingSentAt = 0;
  try {
    await connection.invoke("say", said);
  } catch (error) {
    // Not lost: it goes back to where it was written.
    text.value = said;
    fit(text);
    view.showNote(`Not sent: ${reasonOf(error)}`);
  }
});

byId("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId("say").requestSubmit();
});

byId("text").addEventListener("input", (event) => {
  fit(event.currentTarget);
  const now = Date.now();
  if (event.currentTarget.value === "" || now - typingSentAt < TYPING_EVERY_MS) return;
  typingSentAt = now;
  connection.send("typing").catch(() => {}); // offline: nobody would see it
});

/** The text grows with its lines. */
function fit(text) {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

byId("toggle-rooms").addEventListener("click", () => toggleRooms(!byId("chat").classList.contains("rooms-open")));
byId("shade").addEventListener("click", () => toggleRooms(false));
byId("name").value = sessionStorage.getItem("name") ?? "";

start();
