import { byId, create, plural, setText, showRows } from "./dom.js";

// Faults on purpose: orders go to the emulator, what is in force comes back with the next update.

const REFUSALS = [
  ["Let in", null],
  ["401", 401],
  ["404", 404],
  ["429", 429],
  ["503", 503],
];
const DELAYS = [
  ["None", 0],
  ["50 ms", 50],
  ["250 ms", 250],
  ["1 s", 1000],
  ["5 s", 5000],
];

export function createFaults({ hub }) {
  /** True when it was done; either way the answer is shown. */
  async function order(fault) {
    let said;
    let isDone = false;
    try {
      const response = await fetch(new URL("page/faults", document.baseURI), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(fault),
      });
      said = await response.text();
      isDone = response.ok;
    } catch {
      said = "The emulator does not answer.";
    }
    setText(byId("said"), said);
    return isDone;
  }

  const clients = choice("refuse-clients", REFUSALS, (status) => order({ fault: "refuseClients", status }));
  const servers = choice("refuse-servers", REFUSALS, (status) => order({ fault: "refuseServers", status }));
  const latency = choice("latency", DELAYS, (milliseconds) => order({ fault: "setLatency", milliseconds }));
  for (const button of document.querySelectorAll("button[data-fault]")) {
    const { fault, count } = button.dataset;
    const makes = count === undefined ? () => ({ fault, hub: hub() ?? null }) : () => ({ fault, count: Number(count) });
    button.addEventListener("click", () => order(makes()));
  }
  byId("end-faults").addEventListener("click", () => order({ fault: "endAll" }));

  return {
    order,
    showScope() {
      for (const scope of document.querySelectorAll(".scope")) setText(scope, hub() === undefined ? "" : hub());
    },
    showInForce({ clientStatus, serverStatus, latencyMs, acksToLose }) {
      clients(clientStatus);
      servers(serverStatus);
      latency(latencyMs);
      setText(byId("acks-state"), acksToLose > 0 ? `${plural(acksToLose, "ack")} will be lost` : "");
    },
    showAlarm({ clientStatus, serverStatus, latencyMs, acksToLose }, instances) {
      showInstances(instances, order);
      const active = [
        clientStatus !== null && `clients refused (${clientStatus})`,
        serverStatus !== null && `servers refused (${serverStatus})`,
        latencyMs > 0 && `${latencyMs} ms delay`,
        acksToLose > 0 && "acks lost",
        instances.some(({ isUp }) => !isUp) && "instance down",
      ].filter(Boolean);
      byId("end-faults").hidden = active.length === 0;
      const alarm = byId("alarm");
      alarm.hidden = active.length === 0;
      setText(alarm, active.length > 1 ? plural(active.length, "fault") : (active[0] ?? ""));
      alarm.title = active.join(", ");
    },
  };
}

/** A row of choices, one of which is in force; a value that is none of them was set by code, and is said. */
function choice(id, options, onChoose) {
  const fieldset = byId(id);
  const other = create("span", { className: "state" });
  let inForce = options[0][1];

  function show(value) {
    inForce = value;
    const at = options.findIndex(([, each]) => each === value);
    for (const [index, input] of inputs.entries()) input.checked = index === at;
    setText(other, at === -1 ? `now ${value}` : "");
  }

  const inputs = options.map(([, value], index) => {
    const input = create("input", { type: "radio", name: id, checked: index === 0, autocomplete: "off" });
    input.addEventListener("change", async () => {
      if (!(await onChoose(value))) show(inForce);
    });
    return input;
  });
  const labels = options.map(([text], index) => create("label", {}, inputs[index], create("span", { text })));
  fieldset.querySelector(".chips").append(...labels);
  fieldset.querySelector("legend").append(" ", other);
  return show;
}

function showInstances(instances, order) {
  byId("instances").hidden = instances.length < 2;
  showRows(byId("instance-rows"), instances.length < 2 ? [] : instances, {
    keyOf: ({ id }) => id,
    make({ id }) {
      const button = create("button", { type: "button", className: "quiet" });
      button.addEventListener("click", () => order({ fault: button.dataset.order, id }));
      return create("li", {}, create("span", { className: "id", text: id }), create("span"), button);
    },
    update(row, { id, isUp, clients, serverConnections }) {
      const [, state, button] = row.children;
      state.className = isUp ? "state" : "state draining";
      setText(state, isUp ? `${plural(clients, "client")}, ${plural(serverConnections, "connection")}` : "stopped");
      button.dataset.order = isUp ? "stopInstance" : "restartInstance";
      button.ariaLabel = `${isUp ? "Stop" : "Start"} ${id}`;
      setText(button, isUp ? "Stop" : "Start");
    },
  });
}
