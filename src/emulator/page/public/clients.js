import { brief, byId, count, create, setText, showRows } from "./dom.js";

// Who is connected: clients, the one that was chosen among them, groups and users.

const SHORT = {
  WebSockets: "WS",
  ServerSentEvents: "SSE",
  LongPolling: "Polling",
  json: "JSON",
  messagepack: "msgpack",
};

export function showClients({ rows, total }, { chosen, onPick }) {
  showRows(byId("client-rows"), rows, {
    keyOf: (client) => client.connectionId,
    make(client) {
      const button = create("button", { type: "button", className: "id", text: brief(client.connectionId) });
      button.title = client.connectionId;
      button.addEventListener("click", () => onPick(client.connectionId));
      const cells = [create("td"), create("td"), create("td", { className: "number" })];
      return create("tr", {}, create("th", { scope: "row" }, button), ...cells);
    },
    update(row, client) {
      const [connection, user, transport, groups] = row.children;
      connection.firstElementChild.ariaPressed = String(client.connectionId === chosen);
      row.classList.toggle("chosen", client.connectionId === chosen);
      setText(user, client.userId ?? "–");
      user.title = client.userId ?? "";
      setText(
        transport,
        `${SHORT[client.transport] ?? client.transport} · ${SHORT[client.protocol] ?? client.protocol}`,
      );
      setText(groups, count(client.groups));
    },
  });
  byId("no-clients").hidden = total > 0;
  document.querySelector("table.clients").hidden = total === 0;
  showCount(byId("clients-count"), rows.length, total);
}

/** `rows` with a name and a number of connections; pressing one looks for it. */
export function showNamed(what, { rows, total }, onFind) {
  showRows(byId(`${what}-rows`), rows, {
    keyOf: (row) => JSON.stringify([row.hub, row.name]),
    make(row) {
      const button = create("button", { type: "button", className: "name", text: row.name });
      button.title = `${row.name}, hub ${row.hub}`;
      button.addEventListener("click", () => onFind(row.name));
      return create("li", {}, button, create("span", { className: "count" }));
    },
    update(element, row) {
      const badge = element.lastElementChild;
      setText(badge, count(row.connections));
      badge.title = `${count(row.connections)} connections`;
    },
  });
  byId(`no-${what}s`).hidden = total > 0;
  showCount(byId(`${what}s-count`), rows.length, total);
}

function showCount(hint, shown, total) {
  setText(hint, total > shown ? `${count(shown)} of ${count(total)} shown` : "");
}

/** All about the chosen client; null while it is not (or no longer) there. */
export function showSelected(client, { chosen, order, onRelease }) {
  const panel = byId("selected");
  panel.hidden = chosen === undefined;
  if (chosen === undefined) {
    panel.replaceChildren();
    return;
  }
  if (panel.dataset.chosen !== chosen || panel.childElementCount === 0) {
    panel.dataset.chosen = chosen;
    const cut = create("button", { type: "button", className: "quiet danger", text: "Cut this client" });
    cut.addEventListener("click", () => order({ fault: "dropClient", connectionId: chosen }));
    const release = create("button", { type: "button", className: "quiet", text: "Show all" });
    release.addEventListener("click", onRelease);
    panel.replaceChildren(
      create("p", { className: "id", text: chosen }),
      create("dl"),
      create("p", { className: "tools" }, cut, release),
    );
  }
  const [, facts, tools] = panel.children;
  tools.firstElementChild.disabled = client === null;
  const pairs = client === null ? [["State", "not connected"]] : factsOf(client);
  facts.replaceChildren(
    ...pairs.map(([name, value]) => create("div", {}, create("dt", { text: name }), create("dd", { text: value }))),
  );
}

function factsOf(client) {
  const more = client.groupCount - client.groups.length;
  return [
    ["Hub", client.hub],
    ["User", client.userId ?? "none"],
    ["Transport", `${client.transport}, ${client.protocol}`],
    ["Server", client.serverId ?? "none"],
    ["Connection", client.serverConnectionId ?? "none"],
    ["Instance", client.instanceId],
    ["Query", client.query || "none"],
    ["Groups", [...client.groups, ...(more > 0 ? [`${count(more)} more`] : [])].join(", ") || "none"],
    ...client.claims.map(([type, value]) => [`Claim ${type}`, value]),
  ];
}
