import { byId, count } from "./dom.js";

// Messages a second over the last two minutes: one point for each whole second.

const SECONDS = 120;
const HEIGHT = 168;
const MARGIN = { left: 44, right: 8, top: 10, bottom: 22 };
const STEPS = [1, 2, 5, 10];
const LEAST_CEILING = 10;
const LINES = ["down", "up"];

const element = (name, attributes, text) => {
  const created = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  if (text !== undefined) created.textContent = text;
  return created;
};

export function createPlot() {
  const svg = byId("plot");
  let points = [];
  let bucket;
  let pointed;

  const width = () => Math.max(svg.clientWidth, 200);
  const xOf = (index) => MARGIN.left + ((width() - MARGIN.left - MARGIN.right) * index) / (SECONDS - 1);

  function draw() {
    const ceiling = niceCeiling(Math.max(LEAST_CEILING, ...points.flatMap(({ up, down }) => [up, down])));
    const yOf = (value) => HEIGHT - MARGIN.bottom - (value / ceiling) * (HEIGHT - MARGIN.top - MARGIN.bottom);
    const parts = [];
    for (const value of [0, ceiling / 2, ceiling]) {
      const y = yOf(value);
      parts.push(element("line", { class: "rule", x1: MARGIN.left, x2: width() - MARGIN.right, y1: y, y2: y }));
      parts.push(element("text", { class: "tick", x: MARGIN.left - 8, y: y + 4, "text-anchor": "end" }, short(value)));
    }
    for (const [index, text, anchor] of [
      [0, "2 min ago", "start"],
      [SECONDS / 2, "1 min", "middle"],
      [SECONDS - 1, "now", "end"],
    ]) {
      parts.push(element("text", { class: "tick", x: xOf(index), y: HEIGHT - 4, "text-anchor": anchor }, text));
    }
    const offset = SECONDS - points.length;
    for (const line of LINES) {
      if (points.length < 2) continue;
      const path = points.map((point, index) => `${xOf(offset + index).toFixed(1)} ${yOf(point[line]).toFixed(1)}`);
      const base = yOf(0);
      const area = `M${path.join("L")}L${xOf(SECONDS - 1).toFixed(1)} ${base}L${xOf(offset).toFixed(1)} ${base}Z`;
      parts.push(element("path", { class: `area ${line}`, d: area }));
      parts.push(element("path", { class: `line ${line}`, d: `M${path.join("L")}` }));
    }
    const shown = points[pointed - offset];
    if (shown !== undefined) {
      const x = xOf(pointed);
      parts.push(element("line", { class: "pointer", x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }));
      for (const line of LINES) parts.push(element("circle", { class: line, cx: x, cy: yOf(shown[line]), r: 3.5 }));
    }
    svg.setAttribute("viewBox", `0 0 ${width()} ${HEIGHT}`);
    svg.replaceChildren(...parts);
    const told = shown ?? points.at(-1) ?? { up: 0, down: 0 };
    byId("rate-up").textContent = count(Math.round(told.up));
    byId("rate-down").textContent = count(Math.round(told.down));
    byId("moment").textContent = shown === undefined ? "" : `${SECONDS - 1 - pointed} s ago:`;
  }

  svg.addEventListener("pointermove", ({ offsetX }) => {
    const inside = (offsetX - MARGIN.left) / (width() - MARGIN.left - MARGIN.right);
    pointed = Math.round(Math.min(1, Math.max(0, inside)) * (SECONDS - 1));
    draw();
  });
  svg.addEventListener("pointerleave", () => {
    pointed = undefined;
    draw();
  });
  new ResizeObserver(draw).observe(svg);

  return {
    /** Counts of the last moments; they are gathered until a second is whole. */
    push({ at, elapsedMs, up, down }) {
      const second = Math.floor(at / 1000);
      if (bucket !== undefined && bucket.second !== second) {
        const perSecond = 1000 / Math.max(bucket.elapsedMs, 1);
        points.push({ up: bucket.up * perSecond, down: bucket.down * perSecond });
        // Seconds without any news: the computer slept, or the emulator was gone.
        for (let missing = bucket.second + 1; missing < second && second - missing < SECONDS; missing += 1) {
          points.push({ up: 0, down: 0 });
        }
        points = points.slice(-SECONDS);
        bucket = undefined;
        draw();
      }
      bucket ??= { second, elapsedMs: 0, up: 0, down: 0 };
      bucket.elapsedMs += elapsedMs;
      bucket.up += up;
      bucket.down += down;
    },
    /** Other hubs are counted from now on. */
    clear() {
      points = [];
      bucket = undefined;
      draw();
    },
  };
}

function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * STEPS.find((step) => step * power >= value);
}

function short(value) {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  return value >= 10_000 ? `${value / 1000}k` : count(value);
}
