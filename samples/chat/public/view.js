// The page: everything is text (textContent), so nobody can smuggle markup into it.

const GROUPING_MS = 3 * 60_000;
const TONES = 8;

const byId = (id) => document.getElementById(id);
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const STATES = {
  connecting: "connecting",
  connected: "connected",
  reconnecting: "reconnecting",
  back: "back again",
};

function create(name, { text, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/** The same name has the same colour in every window. */
function toneOf(name) {
  let hash = 7;
  for (const character of name.toLowerCase()) hash = (hash * 67 + character.codePointAt(0)) % 65_521;
  return hash % TONES;
}

function avatar(name) {
  const [initial = "?"] = name.trim();
  const element = create("span", { className: "avatar", text: initial.toUpperCase(), ariaHidden: "true" });
  element.dataset.tone = String(toneOf(name));
  return element;
}

export function showStatus(state) {
  const status = byId("status");
  status.dataset.state = state;
  status.textContent = STATES[state];
  const isUp = state === "connected" || state === "back";
  document.body.dataset.connection = isUp ? "up" : "down";
  for (const button of document.querySelectorAll(".primary")) button.disabled = !isUp;
}

export function showRooms(rooms, current, onPick) {
  byId("rooms").replaceChildren(
    ...rooms.map(({ name, people }) => {
      const button = create("button", { type: "button", onclick: () => onPick(name) });
      button.append(create("span", { className: "room-label", text: name }));
      if (people > 0)
        button.append(create("span", { className: "count", text: String(people), title: `${people} in the room` }));
      if (name === current) button.setAttribute("aria-current", "true");
      return create("li", {}, button);
    }),
  );
}

export function showRoomChoice(rooms, chosen) {
  const choice = byId("room-choice");
  const picked = new FormData(byId("enter")).get("room") ?? chosen;
  const names = rooms.map((room) => room.name);
  choice.replaceChildren(
    ...names.map((name, index) => {
      const checked = names.includes(picked) ? name === picked : index === 0;
      const input = create("input", { type: "radio", name: "room", value: name, checked });
      return create("label", {}, input, create("span", { text: name }));
    }),
  );
}

export function showPeople(people, me) {
  const isAlone = people.length === 1;
  const [count, names] = byId("room-people").children;
  count.textContent = isAlone ? "You have the room to yourself" : `${people.length} people`;
  names.textContent = isAlone ? count.textContent : [...people.filter((name) => name !== me), "you"].join(", ");
  byId("people").replaceChildren(
    ...people.map((name) => {
      const row = create("li", {}, avatar(name), create("span", { className: "person", text: name }));
      if (name === me) row.append(create("span", { className: "you", text: "you" }));
      return row;
    }),
  );
}

export function showSelf(me) {
  byId("self").replaceChildren(avatar(me), create("b", { text: me }));
}

export function clearLog() {
  byId("log").replaceChildren();
}

export function showMessage(message, me) {
  const log = byId("log");
  const last = log.lastElementChild;
  const isSequel = last?.dataset.name === message.name && message.at - Number(last.dataset.at) < GROUPING_MS;
  const row = create("li", { className: message.name === me ? "message mine" : "message" });
  Object.assign(row.dataset, { name: message.name, at: message.at });
  const at = time.format(message.at);
  if (isSequel) {
    row.classList.add("sequel");
  } else {
    const head = create("p", { className: "head" }, create("b", { text: message.name }), create("time", { text: at }));
    row.append(avatar(message.name), head);
  }
  row.append(create("p", { className: "bubble", text: message.text, title: at }));
  log.append(row);
  if (message.name === me) byId("scroll").scrollTop = 0;
}

export function showEmptiness(isEmpty) {
  byId("empty").hidden = !isEmpty;
}

export function showNote(text) {
  byId("log").append(create("li", { className: "note", text }));
}

export function showTyping(names) {
  const typing = byId("typing");
  const [first, second] = names;
  const who =
    names.length > 2 ? "Several people are" : second === undefined ? `${first} is` : `${first} and ${second} are`;
  if (first === undefined) typing.replaceChildren();
  else
    typing.replaceChildren(
      create("span", { className: "dots" }, create("i"), create("i"), create("i")),
      `${who} typing`,
    );
}
