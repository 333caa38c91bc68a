import { brief, byId, create, plural, setText, showRows } from "./dom.js";

// Hubs, their servers, and the connections of each server.

// No id is like this.
const MORE = "\u0000";

export function showHubs({ rows, total }, order) {
  showRows(byId("hub-rows"), rows, {
    keyOf: (hub) => hub.name,
    make: (hub) =>
      create(
        "li",
        { className: "hub-row" },
        create("h3", { text: hub.name }),
        create("p", { className: "hint" }),
        create("ul", { className: "servers" }),
      ),
    update(row, hub) {
      const [, counts, servers] = row.children;
      setText(
        counts,
        `${plural(hub.clients, "client")} · ${plural(hub.users, "user")} · ${plural(hub.groups, "group")}`,
      );
      showServers(servers, hub.servers, order);
    },
  });
  byId("no-hubs").hidden = total > 0;
  showMore(byId("more-hubs"), total - rows.length, "hub");
}

export function showHubNames(names) {
  const select = byId("hub");
  // The chosen one stays, also when it is gone for the moment.
  const chosen = select.value;
  const all = chosen === "" || names.includes(chosen) ? names : [...names, chosen].sort();
  showRows(select, ["", ...all], {
    keyOf: (name) => name,
    make: (name) => create("option", { value: name, text: name === "" ? "all" : name }),
  });
}

function showServers(list, { rows, total }, order) {
  const items = total > rows.length ? [...rows, { id: MORE, more: total - rows.length }] : rows;
  showRows(list, items, {
    keyOf: (server) => server.id,
    make: (server) => (server.more === undefined ? serverRow(server) : create("li", { className: "hint" })),
    update(row, server) {
      if (server.more !== undefined) {
        setText(row, `and ${plural(server.more, "server")} more`);
        return;
      }
      const [name, state, details] = row.children;
      setText(name, server.id);
      setText(
        state,
        server.isDraining ? `shuts down, ${plural(server.clients, "client")}` : plural(server.clients, "client"),
      );
      state.classList.toggle("draining", server.isDraining);
      const [summary, connections] = details.children;
      setText(summary, plural(server.connections.total, "connection"));
      showConnections(connections, server.connections, order);
    },
  });
}

function serverRow() {
  return create(
    "li",
    { className: "server" },
    create("span", { className: "id" }),
    create("span", { className: "state" }),
    create("details", {}, create("summary"), create("ul", { className: "rows" })),
  );
}

function showConnections(list, { rows, total }, order) {
  const items = total > rows.length ? [...rows, { id: MORE, more: total - rows.length }] : rows;
  showRows(list, items, {
    keyOf: (connection) => connection.id,
    make(connection) {
      if (connection.more !== undefined) return create("li", { className: "hint" });
      const cut = create("button", {
        type: "button",
        className: "quiet",
        text: "Cut",
        ariaLabel: `Cut server connection ${connection.id}`,
      });
      cut.addEventListener("click", () => order({ fault: "dropServerConnection", connectionId: connection.id }));
      return create(
        "li",
        {},
        create("span", { className: "id", text: brief(connection.id), title: connection.id }),
        create("span", { className: "state" }),
        cut,
      );
    },
    update(row, connection) {
      if (connection.more !== undefined) setText(row, `and ${connection.more} more`);
      else setText(row.children[1], plural(connection.clients, "client"));
    },
  });
}

function showMore(hint, more, what) {
  hint.hidden = more <= 0;
  setText(hint, `and ${plural(more, what)} more`);
}
