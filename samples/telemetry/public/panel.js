const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 480;
const HEIGHT = 150;
const COLORS = ["#2563eb", "#ea580c", "#16a34a", "#9333ea", "#dc2626", "#0891b2", "#ca8a04", "#64748b"];

/** Draws the series as lines over time, with a legend of their last values. */
export function drawPanel(figure, series, { start, end, unit }) {
  const most = Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value)), 0) || 1;
  const chart = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  for (const share of [0.25, 0.5, 0.75, 1]) {
    const y = HEIGHT * (1 - share * 0.95);
    chart.append(element("line", { class: "grid", x1: 0, x2: WIDTH, y1: y, y2: y }));
  }
  series.forEach(({ points }, index) => {
    const place = ([time, value]) => {
      const x = ((time - start) / (end - start)) * WIDTH;
      return `${x.toFixed(1)},${(HEIGHT - (value / most) * HEIGHT * 0.95).toFixed(1)}`;
    };
    chart.append(element("polyline", { points: points.map(place).join(" "), stroke: colorOf(index) }));
  });
  const legend = document.createElement("figcaption");
  series.forEach(({ name, points }, index) => {
    const entry = document.createElement("span");
    entry.style.setProperty("--color", colorOf(index));
    entry.textContent = `${name} ${withUnit(points.at(-1)?.[1] ?? 0, unit)}`;
    legend.append(entry);
  });
  figure.replaceChildren(chart, legend);
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function colorOf(index) {
  return COLORS[index % COLORS.length];
}

function withUnit(value, unit) {
  const number = (amount) => amount.toLocaleString("en", { maximumSignificantDigits: 3 });
  if (unit === "s") return `${number(value * 1000)} ms`;
  if (unit === "Bps") return `${number(value / 1024)} KiB/s`;
  if (unit === "bytes") return `${number(value / 1024)} KiB`;
  return unit === "reqps" ? `${number(value)}/s` : number(value);
}
