import { showClients, showNamed, showSelected } from "./clients.js";
import { byId, count, setText } from "./dom.js";
import { createFaults } from "./faults.js";
import { showHubNames, showHubs } from "./hubs.js";
import { openLive } from "./live.js";
import { createMessages } from "./messages.js";
import { createPlot } from "./plot.js";

const FIND_PAUSE_MS = 200;
const STATES = { connecting: "connecting", live: "live", waiting: "not reachable" };

// What this page wants to see, and what it was told last.
const wanted = {
  serial: 0,
  hub: undefined,
  connectionId: undefined,
  find: "",
  hasServiceMessages: false,
  isPaused: false,
};
const known = { serial: 0, clients: { rows: [], total: 0 }, selected: null, instances: [], faults: undefined };
let findTimer;

const plot = createPlot();
const messages = createMessages({ onPick: pick });
const faults = createFaults({ hub: () => wanted.hub });
const live = openLive({ onUpdate: show, onState: showState });

function showState(state) {
  const status = byId("status");
  status.dataset.state = state;
  setText(status, STATES[state]);
}

function show(update) {
  Object.assign(known, update);
  if (update.about) setText(byId("about"), `azure-signalr-server ${update.about.version}`);
  if (update.hubNames) showHubNames(update.hubNames);
  if (update.figures) {
    for (const [name, value] of Object.entries(update.figures)) setText(byId(`figure-${name}`), count(value));
  }
  // What was under way when the filter changed is not wanted any more.
  const isWanted = known.serial === wanted.serial;
  if (update.rates && isWanted) plot.push(update.rates);
  if (update.messages && isWanted) messages.push(update.messages);
  if (update.hubs) showHubs(update.hubs, faults.order);
  if (update.clients) showTable();
  if ("selected" in update) showChosen();
  if (update.groups) showNamed("group", update.groups, find);
  if (update.users) showNamed("user", update.users, find);
  // Not with every update: a choice just made must not jump back until its order has arrived.
  if (update.faults) faults.showInForce(update.faults);
  if (update.faults || update.instances) faults.showAlarm(known.faults, known.instances);
}

const showTable = () => showClients(known.clients, { chosen: wanted.connectionId, onPick: pick });

function showChosen() {
  const { connectionId: chosen } = wanted;
  // Until the emulator has told about the one chosen now, what is known is about another one.
  const client = known.selected?.connectionId === chosen ? known.selected : null;
  showSelected(client, { chosen, order: faults.order, onRelease: () => pick(undefined) });
}

/** Chooses a client, or none; choosing the same again lets go of it. */
function pick(connectionId) {
  wanted.connectionId = connectionId === wanted.connectionId ? undefined : connectionId;
  byId("only").hidden = wanted.connectionId === undefined;
  setText(byId("only-id"), wanted.connectionId ?? "");
  showTable();
  showChosen();
  messages.clear();
  tell();
}

function tell() {
  wanted.serial += 1;
  live.setFilter(wanted);
}

function find(text) {
  byId("find").value = text;
  wanted.find = text;
  tell();
}

byId("find").addEventListener("input", ({ target }) => {
  clearTimeout(findTimer);
  findTimer = setTimeout(() => find(target.value), FIND_PAUSE_MS);
});

byId("hub").addEventListener("change", ({ target }) => {
  wanted.hub = target.value === "" ? undefined : target.value;
  plot.clear();
  messages.clear();
  faults.showScope();
  tell();
});

byId("service-messages").addEventListener("change", ({ target }) => {
  wanted.hasServiceMessages = target.checked;
  tell();
});

byId("pause").addEventListener("click", ({ currentTarget }) => {
  wanted.isPaused = !wanted.isPaused;
  currentTarget.ariaPressed = String(wanted.isPaused);
  setText(currentTarget, wanted.isPaused ? "Go on" : "Pause");
  tell();
});

byId("clear").addEventListener("click", () => messages.clear());
byId("show-all").addEventListener("click", () => pick(undefined));
setText(byId("address"), location.host);
