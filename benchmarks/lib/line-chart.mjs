const [WIDTH, HEIGHT] = [640, 360];
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 20, 56, 50];
const COLORS = ["#0b6bcb", "#c2410c", "#15803d", "#7e22ce"];

/** Round steps, about five of them, from zero to beyond the largest value. */
function ticks(most) {
  const rough = (most || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  return Array.from({ length: Math.ceil((most || 1) / step) + 1 }, (_, index) => index * step);
}

const text = (x, y, words, extra = "") => `<text x="${x}" y="${y}" ${extra}>${words.replaceAll("&", "&amp;")}</text>`;

/**
 * A line for each series over one axis, as SVG; both axes begin at zero, so that what grows in proportion is a straight line.
 * `series`: `{ name, points: [[x, y], ...] }`.
 */
export function lineChart({ title, x, y, series }) {
  const all = series.flatMap(({ points }) => points);
  const [xTicks, yTicks] = [0, 1].map((axis) => ticks(Math.max(...all.map((point) => point[axis]))));
  const toX = (value) => LEFT + (value / xTicks.at(-1)) * (WIDTH - LEFT - RIGHT);
  const toY = (value) => HEIGHT - BOTTOM - (value / yTicks.at(-1)) * (HEIGHT - TOP - BOTTOM);
  const show = (value) => value.toLocaleString("en", { maximumFractionDigits: 3 });
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">`,
    `<title>${title.replaceAll("&", "&amp;")}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 20, title, 'font-size="15" font-weight="bold"'),
  ];
  for (const value of yTicks) {
    parts.push(`<path d="M${LEFT} ${toY(value).toFixed(1)}H${WIDTH - RIGHT}" stroke="#ddd"/>`);
    parts.push(text(LEFT - 8, (toY(value) + 4).toFixed(1), show(value), 'text-anchor="end"'));
  }
  for (const value of xTicks) {
    parts.push(text(toX(value).toFixed(1), HEIGHT - BOTTOM + 18, show(value), 'text-anchor="middle"'));
  }
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x, 'text-anchor="middle"'));
  parts.push(text(16, TOP - 12, y));
  for (const [index, { name, points }] of series.entries()) {
    const color = COLORS[index % COLORS.length];
    const path = points.map(([at, value]) => `${toX(at).toFixed(1)} ${toY(value).toFixed(1)}`).join("L");
    parts.push(`<path d="M${path}" fill="none" stroke="${color}" stroke-width="2"/>`);
    for (const [at, value] of points) {
      parts.push(`<circle cx="${toX(at).toFixed(1)}" cy="${toY(value).toFixed(1)}" r="3" fill="${color}"/>`);
    }
    parts.push(text(WIDTH - RIGHT, TOP - 12 + index * 16, name, `text-anchor="end" fill="${color}"`));
  }
  return `${parts.join("\n")}\n</svg>\n`;
}
