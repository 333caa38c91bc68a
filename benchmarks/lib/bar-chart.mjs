import { digits } from "./statistics.mjs";

const [WIDTH, LEFT, RIGHT] = [640, 150, 70];
const [HEAD, BAR, GAP, TITLE] = [44, 16, 14, 18];
const COLORS = ["#0b6bcb", "#7aa7d9", "#c2410c", "#78716c"];

const text = (x, y, words, extra = "") => `<text x="${x}" y="${y}" ${extra}>${words.replaceAll("&", "&amp;")}</text>`;

/**
 * Bars in groups, as SVG. Each group has a scale of its own that begins at zero, because what is compared stands within a
 * group; the thin line is the spread. `groups`: `{ name, bars: [{ name, median, least, most }, ...] }`.
 */
export function barChart({ title, unit, groups }) {
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const parts = [];
  let y = HEAD;
  for (const group of groups) {
    parts.push(text(10, y + 12, group.name, 'font-weight="bold"'));
    y += TITLE;
    const scale = (WIDTH - LEFT - RIGHT) / Math.max(...group.bars.map(({ most }) => most));
    for (const { name, median, least, most } of group.bars) {
      const [middle, color] = [y + BAR / 2 - 1, COLORS[names.indexOf(name) % COLORS.length]];
      const [from, end] = [(LEFT + least * scale).toFixed(1), (LEFT + most * scale).toFixed(1)];
      parts.push(text(LEFT - 8, y + 11, name, 'text-anchor="end"'));
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${(median * scale).toFixed(1)}" height="${BAR - 3}" fill="${color}"/>`,
      );
      parts.push(`<path d="M${from} ${middle}H${end}" stroke="#222"/>`);
      parts.push(text((Number(end) + 6).toFixed(1), y + 11, digits(median)));
      y += BAR;
    }
    y += GAP;
  }
  const frame = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12" fill="#333">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    text(10, 20, title, 'font-size="15" font-weight="bold"'),
    text(WIDTH - 10, 20, unit, 'text-anchor="end"'),
  ];
  return `${[...frame, ...parts].join("\n")}\n</svg>\n`;
}
