import { Peer } from "../lib/peer.mjs";
import { summarize } from "../lib/statistics.mjs";

const CLIENTS = 200;
const GROUP_SIZE = 10;
const MANY_CLIENTS = 1000;
const BROADCASTS = 50;
const IDLE_CLIENTS = 5000;
const FOR_MS = 2000;
const KIB = 1024;

const serversUrl = new URL("../peers/servers.mjs", import.meta.url);
const clientsUrl = new URL("../peers/clients.mjs", import.meta.url);

/** The first has two processes; what it costs is the sum, and what its hub server costs alone. */
async function startRivals() {
  const emulator = await Peer.start(serversUrl, "emulator");
  const host = await Peer.start(serversUrl, "host", emulator.ready);
  const socketIo = await Peer.start(serversUrl, "socketIo");
  const bare = await Peer.start(serversUrl, "bare");
  return [
    {
      name: "hub server + emulator",
      dialect: "signalr",
      target: host.ready,
      servers: [host, emulator],
      own: { name: "hub server alone", peer: host },
    },
    { name: "Socket.IO", dialect: "socketIo", target: socketIo.ready, servers: [socketIo] },
    { name: "bare ws", dialect: "bare", target: bare.ready, servers: [bare] },
  ];
}

const SCENARIOS = [
  { name: "echo, closed loop", action: "echo", input: { forMs: FOR_MS } },
  { name: "echo at 2,000 a second", action: "paced", input: { forMs: FOR_MS, perSecond: 2000 } },
  {
    name: `copy of a message to a group of ${GROUP_SIZE}`,
    action: "groups",
    input: { forMs: FOR_MS, size: GROUP_SIZE },
  },
];
const CONNECT = "connecting client";
const BROADCAST = `copy of a broadcast to ${MANY_CLIENTS.toLocaleString("en")}`;

/** What a hub server behind a service costs beside servers that hold the websockets of their clients themselves. */
export async function peersSuite({ rounds }) {
  const rivals = await startRivals();
  const clients = await Peer.start(clientsUrl, "clients");
  const samples = new Map();

  const measure = async (rival, scenario, action, input, isCounted) => {
    const before = rival.servers.map(({ cpu }) => cpu);
    const { messages, seconds, p50, p99 } = await clients.ask(action, input);
    if (!isCounted) return;
    const costs = rival.servers.map(({ cpu }, index) => (cpu - before[index]) / messages);
    const note = (server, microseconds) => {
      const key = `${scenario}|${server}`;
      if (!samples.has(key)) samples.set(key, []);
      samples.get(key).push({ microseconds, rate: messages / seconds, p50, p99 });
    };
    const sum = costs.reduce((total, cost) => total + cost, 0);
    note(rival.name, sum);
    if (rival.own !== undefined) note(rival.own.name, costs[rival.servers.indexOf(rival.own.peer)]);
  };

  const visit = async (rival, isCounted) => {
    const { dialect, target } = rival;
    await clients.ask("connect", { dialect, target, count: CLIENTS });
    for (const { name, action, input } of SCENARIOS) await measure(rival, name, action, input, isCounted);
    await clients.ask("disconnect");
    await measure(rival, CONNECT, "connect", { dialect, target, count: MANY_CLIENTS }, isCounted);
    await measure(rival, BROADCAST, "broadcast", { times: BROADCASTS }, isCounted);
    await clients.ask("disconnect");
  };

  const idleOf = async ({ name, dialect, target, servers, own }) => {
    const resident = () => Promise.all(servers.map((server) => server.memory()));
    const before = await resident();
    await clients.ask("connect", { dialect, target, count: IDLE_CLIENTS });
    const grown = (await resident()).map((bytes, index) => (bytes - before[index]) / IDLE_CLIENTS / KIB);
    await clients.ask("disconnect");
    const sum = grown.reduce((total, each) => total + each, 0);
    const rows = [{ server: name, kib: sum }];
    if (own !== undefined) rows.push({ server: own.name, kib: grown[servers.indexOf(own.peer)] });
    return rows;
  };

  try {
    // The first round warms up and does not count.
    for (let round = 0; round <= rounds; round += 1) {
      for (const rival of rivals) await visit(rival, round > 0);
    }
    const idle = [];
    for (const rival of rivals) idle.push(...(await idleOf(rival)));
    return {
      title: `Peers: ${CLIENTS} clients, ${rounds} rounds`,
      scenarios: rowsOf(samples),
      idle,
      idleClients: IDLE_CLIENTS,
    };
  } finally {
    for (const peer of [clients, ...rivals.flatMap(({ servers }) => servers)]) peer.end();
  }
}

function rowsOf(samples) {
  const medianOf = (key, figure) => summarize(samples.get(key).map((sample) => sample[figure])).median;
  const rows = [...samples.keys()].map((key) => {
    const [scenario, server] = key.split("|");
    const cpu = summarize(samples.get(key).map(({ microseconds }) => microseconds));
    const figures = { rate: medianOf(key, "rate"), p50: medianOf(key, "p50"), p99: medianOf(key, "p99") };
    return { scenario, server, cpu, ratio: cpu.median / medianOf(`${scenario}|bare ws`, "microseconds"), ...figures };
  });
  const order = [...SCENARIOS.map(({ name }) => name), CONNECT, BROADCAST];
  return rows.sort((left, right) => order.indexOf(left.scenario) - order.indexOf(right.scenario));
}
