// A line of the last values, newest at the right, with a soft area beneath. Drawn into an SVG of 240 x 48.

const WIDTH = 240;
const HEIGHT = 48;
const MARGIN = 4;
const CAPACITY = 60;

const element = (name, attributes) => {
  const created = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
  return created;
};

export function createSparkline(svg) {
  const area = element("path", { class: "area" });
  const line = element("path", { class: "line" });
  svg.replaceChildren(area, line);
  let values = [];

  return {
    clear() {
      values = [];
    },
    push(value) {
      values = [...values, value].slice(-CAPACITY);
      const ceiling = Math.max(...values, 1);
      const step = WIDTH / (CAPACITY - 1);
      const points = values.map((each, index) => {
        const x = WIDTH - (values.length - 1 - index) * step;
        const y = HEIGHT - MARGIN - (each / ceiling) * (HEIGHT - 2 * MARGIN);
        return `${x.toFixed(1)} ${y.toFixed(1)}`;
      });
      const path = `M${points.join("L")}`;
      line.setAttribute("d", path);
      area.setAttribute("d", `${path}L${WIDTH} ${HEIGHT}L${points[0].split(" ")[0]} ${HEIGHT}Z`);
      svg.dataset.values = String(Number(svg.dataset.values ?? 0) + 1);
    },
  };
}
