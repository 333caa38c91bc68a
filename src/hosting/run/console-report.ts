import type { ResourceSnapshot } from "./snapshots.js";

/** How names are told apart on a terminal: cyan, yellow, magenta, green, blue, and their bright kin. */
const COLORS = [36, 33, 35, 32, 34, 96, 93, 95, 92, 94] as const;
const FAINT = 2;
const RED = 31;
const GREEN = 32;
const GAP = "  ";

/** Shows a running application as text: lines of its resources behind their names, news, and a table. */
export class ConsoleReport {
  readonly #write: (text: string) => void;
  readonly #hasColors: boolean;
  readonly #colors = new Map<string, number>();
  readonly #width: number;

  constructor(write: (text: string) => void, hasColors: boolean, names: readonly string[]) {
    this.#write = write;
    this.#hasColors = hasColors;
    this.#width = Math.max(0, ...names.map((name) => name.length));
    names.forEach((name, index) => {
      this.#colors.set(name, COLORS[index % COLORS.length] ?? 0);
    });
  }

  /** A line that a resource printed. */
  line(name: string, text: string): void {
    this.#write(`${this.#name(name)} | ${text}\n`);
  }

  /** A clause about a resource. */
  news(name: string, clause: string): void {
    this.#write(`${this.#name(name)} ${this.#paint(FAINT, `* ${clause}`)}\n`);
  }

  /** A sentence about the whole. */
  say(sentence: string): void {
    this.#write(`${sentence}\n`);
  }

  table(resources: readonly ResourceSnapshot[]): void {
    const rows = resources.map((resource) => [
      resource.name,
      resource.exitCode === undefined ? resource.state : `${resource.state} (exit code ${resource.exitCode})`,
      healthOf(resource),
      resource.endpoints.join(" "),
    ]);
    const heads = ["Resource", "State", "Health", "Endpoints"];
    const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
    const show = (cells: readonly string[], paint = (_column: number, text: string) => text): string =>
      cells
        .map((cell, column) => paint(column, cell) + " ".repeat((widths[column] ?? 0) - cell.length))
        .join(GAP)
        .trimEnd();
    const lines = rows.map((row, index) =>
      show(row, (column, text) => {
        if (column === 0) return this.#paint(this.#colors.get(text) ?? 0, text);
        const resource = resources[index];
        return column === 3 || resource === undefined ? text : this.#paint(isWell(resource) ? GREEN : RED, text);
      }),
    );
    this.#write(`\n${show(heads)}\n${lines.join("\n")}\n\n`);
  }

  #name(name: string): string {
    return this.#paint(this.#colors.get(name) ?? 0, name) + " ".repeat(Math.max(0, this.#width - name.length));
  }

  #paint(color: number, text: string): string {
    return this.#hasColors && text !== "" ? `\u001b[${color}m${text}\u001b[0m` : text;
  }
}

/** What terminals and https://no-color.org agree on. */
export function wantsColors(variables: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  return isTerminal && !variables["NO_COLOR"] && variables["TERM"] !== "dumb";
}

function healthOf({ isHealthy }: ResourceSnapshot): string {
  if (isHealthy === undefined) return "-";
  return isHealthy ? "healthy" : "not healthy";
}

function isWell({ state, isHealthy }: ResourceSnapshot): boolean {
  return state === "running" && isHealthy !== false;
}
