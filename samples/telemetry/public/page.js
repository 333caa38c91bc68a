// Draws the panels of docs/grafana-dashboard.json from Prometheus, whose address may be given: ?prometheus=http://host:9090
import { drawPanel } from "./panel.js";

const RANGE_S = 120;
const STEP_S = 2;
const RATE_INTERVAL = "15s";
const REFRESH_MS = 2000;

const prometheus = new URLSearchParams(location.search).get("prometheus") ?? "http://127.0.0.1:9090";
const state = document.querySelector("#state");
const dashboard = await (await fetch("dashboard.json")).json();

const panels = dashboard.panels.map((panel) => {
  const section = document.createElement("section");
  const heading = document.createElement("h2");
  heading.textContent = panel.title;
  const figure = document.createElement("figure");
  section.append(heading, figure);
  document.querySelector("#panels").append(section);
  return { panel, figure };
});

/** The series of one expression: a name and points of time and value. */
async function query({ expr, legendFormat }, end) {
  const url = new URL("/api/v1/query_range", prometheus);
  url.search = new URLSearchParams({
    query: expr.replaceAll("$__rate_interval", RATE_INTERVAL),
    start: String(end - RANGE_S),
    end: String(end),
    step: String(STEP_S),
  }).toString();
  const answer = await (await fetch(url)).json();
  if (answer.status !== "success") throw new Error(answer.error);
  return answer.data.result.map(({ metric, values }) => ({
    name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_match, label) => metric[label] ?? ""),
    points: values.map(([time, value]) => [time, Number(value)]).filter(([, value]) => Number.isFinite(value)),
  }));
}

async function refresh() {
  const end = Date.now() / 1000;
  try {
    for (const { panel, figure } of panels) {
      const series = (await Promise.all(panel.targets.map((target) => query(target, end)))).flat();
      drawPanel(figure, series, { start: end - RANGE_S, end, unit: panel.fieldConfig.defaults.unit });
    }
    state.textContent = `The last ${RANGE_S / 60} minutes, from ${prometheus}`;
    document.body.dataset.isDrawn = "true";
  } catch (error) {
    state.textContent = `Prometheus at ${prometheus} cannot be asked: ${error.message}`;
  }
  setTimeout(refresh, REFRESH_MS);
}

refresh();
