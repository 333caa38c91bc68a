import { brief, byId, count, create } from "./dom.js";

// The last messages, newest first. What the emulator could not send in time is counted, not kept.

const MOST_LINES = 200;
const LONG_TEXT = 280;
const ARROWS = { up: ["↑", "from a client"], down: ["↓", "from a hub"], event: ["·", ""], service: ["·", ""] };

const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export function createMessages({ onPick }) {
  const list = byId("lines");
  let leftOut = 0;

  function showEmptiness() {
    byId("no-lines").hidden = list.childElementCount > 0;
    byId("left-out").hidden = leftOut === 0;
    byId("left-out").textContent =
      `A sample: ${count(leftOut)} more ${leftOut === 1 ? "message has" : "messages have"} passed than are shown.`;
  }

  return {
    push({ lines, leftOut: more }) {
      leftOut += more;
      list.prepend(...lines.map((line) => rowOf(line, onPick)).reverse());
      while (list.childElementCount > MOST_LINES) list.lastElementChild.remove();
      showEmptiness();
    },
    clear() {
      leftOut = 0;
      list.replaceChildren();
      showEmptiness();
    },
  };
}

function rowOf(line, onPick) {
  const [arrow, words] = ARROWS[line.flow];
  const row = create("li", { className: "passed", data: { flow: line.flow } });
  row.append(
    create("time", { text: time.format(line.at), dateTime: new Date(line.at).toISOString() }),
    create("span", { className: "way" }, create("span", { text: arrow, ariaHidden: "true" })),
    create("span", { className: "what", text: line.what }),
    aboutOf(line, onPick),
    textOf(line.text),
  );
  if (words !== "") row.children[1].append(create("span", { className: "unseen", text: words }));
  const size = line.bytes === undefined ? "" : `, ${count(line.bytes)} bytes`;
  row.title = `hub ${line.hub}, ${line.direction === "toServer" ? "to" : "from"} ${line.serverId}${size}`;
  return row;
}

function aboutOf({ about, connectionId }, onPick) {
  if (connectionId === undefined) return create("span", { className: "about", text: about });
  const button = create("button", { type: "button", className: "about id", text: brief(connectionId) });
  button.title = connectionId;
  button.addEventListener("click", () => onPick(connectionId));
  return button;
}

/** A long text is cut after some lines, and unfolded by pressing it. */
function textOf(text) {
  if (text.length <= LONG_TEXT) return create("span", { className: "text", text });
  const button = create("button", { type: "button", className: "text long", text, ariaExpanded: "false" });
  button.addEventListener("click", () => {
    button.ariaExpanded = String(button.ariaExpanded !== "true");
  });
  return button;
}
