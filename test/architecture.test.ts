import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { NEXT as SERVER_CONNECTION_MOVES } from "../src/connections/state.js";
import { CLIENT_SESSION_MOVES } from "../src/hub/session-state.js";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What each folder may import, itself apart. `index` is src/index.ts. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ["base"],
  config: ["base"],
  auth: ["base", "protocol", "config"],
  network: ["base"],
  connections: ["base", "protocol", "config", "auth", "network"],
  rest: ["base", "protocol", "config", "auth", "network"],
  hub: ["base", "protocol", "auth"],
  host: ["base", "protocol", "config", "auth", "network", "connections", "rest", "hub"],
  telemetry: ["base", "protocol", "config", "auth", "connections", "rest", "hub", "host"],
  express: ["base", "config", "auth", "hub", "host", "telemetry"],
  fastify: ["base", "config", "auth", "hub", "host", "telemetry"],
  index: ["base", "config", "auth", "network", "connections", "hub", "host", "telemetry", "express"],
  emulator: ["base", "protocol", "config", "auth"],
  hosting: ["base", "config", "emulator"],
  cli: ["base", "config", "emulator", "hosting"],
  client: ["hub"],
};

/** Who touches a foreign package: one file each. A package that is not named here may not be imported at all. */
const OWNERS: Readonly<Record<string, readonly RegExp[]>> = {
  ws: [/^connections\/ws-socket\.ts$/, /^emulator\//],
  convict: [/^config\/schema\.ts$/],
  jose: [/^auth\/jwt\.ts$/],
  "lossless-json": [/^protocol\/hub\//],
  "@msgpack/msgpack": [/^protocol\/hub\//],
  "@azure/logger": [/^telemetry\/azure-logger\.ts$/],
  "@opentelemetry/api": [/^telemetry\/opentelemetry\.ts$/],
  "@opentelemetry/api-logs": [/^telemetry\/otel-logs\.ts$/],
  "@azure/identity": [/^auth\/entra\.ts$/],
  "@azure/core-rest-pipeline": [/^rest\/rest-client\.ts$/],
  "fastify-plugin": [/^fastify\/plugin\.ts$/],
  "https-proxy-agent": [/^network\/network\.ts$/],
  commander: [/^cli\/commander\.ts$/],
};

/** Only their types are used, so nothing of them is there at run time. */
const TYPES_ONLY: readonly string[] = [
  "@standard-schema/spec",
  "express",
  "fastify",
  "@microsoft/signalr",
  "@azure/core-auth",
];

/** The protocol is bytes in, messages out. */
const PURE_NODE_MODULES: readonly string[] = ["node:buffer", "node:util"];

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** The imported file below src, for our own files. */
  readonly to: string | undefined;
  readonly isTypeOnly: boolean;
  readonly isDynamic: boolean;
}

const STATIC_IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*"([^"]+)"\s*\)/g;

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function importsOf(file: string, source: string): Import[] {
  const found = (specifier: string, isTypeOnly: boolean, isDynamic: boolean): Import => ({
    from: file,
    specifier,
    to: specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts") : undefined,
    isTypeOnly,
    isDynamic,
  });
  const code = withoutComments(source);
  return [
    ...[...code.matchAll(STATIC_IMPORT)].map((match) => found(match[2] ?? "", match[1] !== undefined, false)),
    ...[...code.matchAll(DYNAMIC_IMPORT)].map((match) => found(match[1] ?? "", false, true)),
  ];
}

const floorOf = (file: string): string => (file.includes("/") ? file.slice(0, file.indexOf("/")) : "index");

const sources = new Map<string, string>();
for (const entry of readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })) {
  const file = entry.replaceAll("\\", "/");
  if (file.endsWith(".ts") && !file.endsWith(".test.ts")) sources.set(file, readFileSync(`${root}src/${file}`, "utf8"));
}
const imports = [...sources].flatMap(([file, source]) => importsOf(file, source));
const show = ({ from, specifier }: Import): string => `src/${from} imports "${specifier}"`;

/** The first way found from a file back to itself. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const finished = new Set<string>();
  const walk = (file: string, path: readonly string[]): readonly string[] | undefined => {
    const start = path.indexOf(file);
    if (start >= 0) return [...path.slice(start), file];
    if (finished.has(file)) return undefined;
    for (const next of edges.get(file) ?? []) {
      const cycle = walk(next, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(file);
    return undefined;
  };
  for (const file of edges.keys()) {
    const cycle = walk(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** The edges of the state diagram in ARCHITECTURE.md whose first line is the comment `%% name`. */
function drawnMoves(name: string): string[] {
  const text = readFileSync(`${root}ARCHITECTURE.md`, "utf8");
  const diagrams = [...text.matchAll(/```mermaid\nstateDiagram-v2\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
  const diagram = diagrams.find((each) => each.trim().startsWith(`%% ${name}\n`)) ?? "";
  const edges = [...diagram.matchAll(/^\s*(\w+) --> (\w+)/gm)].map((match) => `${match[1]} -> ${match[2]}`);
  return edges.sort();
}

/** Without moves of a state into itself, which a drawing would only repeat. */
function codedMoves(moves: Readonly<Record<string, readonly string[]>>): string[] {
  const edges = Object.entries(moves).flatMap(([from, targets]) =>
    targets.filter((to) => to !== from).map((to) => `${from} -> ${to}`),
  );
  return edges.sort();
}

describe("the reader of imports", () => {
  test("sees every form of import, and none in comments", () => {
    const source = [
      'import { a } from "./a.js";',
      'import type { B } from "../base/b.js";',
      'import {\n  c,\n  d,\n} from "node:fs";',
      'export * from "./e.js";',
      'export type { F } from "ws";',
      'import "./g.js";',
      'const h = await import("../emulator/h.js");',
      '// import { no } from "commented";',
      '/**\n * import { no } from "documented";\n */',
    ].join("\n");
    const found = importsOf("hub/x.ts", source).map((each) => [
      each.to ?? each.specifier,
      each.isTypeOnly,
      each.isDynamic,
    ]);
    expect(found).toEqual([
      ["hub/a.ts", false, false],
      ["base/b.ts", true, false],
      ["node:fs", false, false],
      ["hub/e.ts", false, false],
      ["ws", true, false],
      ["hub/g.ts", false, false],
      ["emulator/h.ts", false, true],
    ]);
  });

  test("finds a cycle, and no cycle in a diamond", () => {
    expect(
      findCycle(
        new Map([
          ["a", ["b", "c"]],
          ["b", ["d"]],
          ["c", ["d"]],
          ["d", []],
        ]),
      ),
    ).toBeUndefined();
    expect(
      findCycle(
        new Map([
          ["a", ["b"]],
          ["b", ["c"]],
          ["c", ["b"]],
        ]),
      ),
    ).toEqual(["b", "c", "b"]);
  });
});

describe("the floors", () => {
  test("every folder has a floor", () => {
    expect([...new Set([...sources.keys()].map(floorOf))].filter((folder) => !(folder in BELOW))).toEqual([]);
  });

  test("imports run downwards only, types included", () => {
    const upwards = imports.filter(({ from, to, isDynamic }) => {
      if (to === undefined || floorOf(to) === floorOf(from)) return false;
      // The one door to the emulator: an app without a connection string may run it in its own process.
      if (floorOf(from) === "host" && floorOf(to) === "emulator" && isDynamic) return false;
      return !(BELOW[floorOf(from)] ?? []).includes(floorOf(to));
    });
    expect(upwards.map(show)).toEqual([]);
  });

  test("the host reaches the emulator through one dynamic import at most", () => {
    const doors = imports.filter(({ from, to }) => floorOf(from) === "host" && to?.startsWith("emulator/"));
    expect(doors.length).toBeLessThanOrEqual(1);
  });

  test("imports of our own files name a file that exists", () => {
    expect(imports.filter(({ to }) => to !== undefined && !sources.has(to)).map(show)).toEqual([]);
  });

  test("there are no cycles, type-only imports apart", () => {
    const edges = new Map<string, string[]>([...sources.keys()].map((file) => [file, []]));
    for (const { from, to, isTypeOnly } of imports) {
      if (to !== undefined && !isTypeOnly) edges.get(from)?.push(to);
    }
    expect(findCycle(edges)).toBeUndefined();
  });
});

describe("foreign code", () => {
  const foreign = imports.filter(({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"));

  test("each package is imported in its own place only", () => {
    const strangers = foreign.filter(({ from, specifier, isTypeOnly }) => {
      if (TYPES_ONLY.includes(specifier)) return !isTypeOnly;
      return !(OWNERS[specifier] ?? []).some((owner) => owner.test(from));
    });
    expect(strangers.map(show)).toEqual([]);
  });

  test("each package has one file on each side of the wire", () => {
    const crowded = Object.entries(OWNERS).flatMap(([specifier, owners]) =>
      owners.flatMap((owner) => {
        const files = new Set(
          foreign.filter((each) => each.specifier === specifier && owner.test(each.from)).map(({ from }) => from),
        );
        return files.size > 1 ? [`${specifier}: ${[...files].join(", ")}`] : [];
      }),
    );
    expect(crowded).toEqual([]);
  });

  test("the client door can go into a browser: it takes nothing but types from elsewhere", () => {
    const heavy = imports.filter(({ from, to, isTypeOnly }) => {
      return floorOf(from) === "client" && !isTypeOnly && !to?.startsWith("client/");
    });
    expect(heavy.map(show)).toEqual([]);
  });

  test("the protocol is pure: no input, no output, no timer, no waiting", () => {
    const inProtocol = imports.filter(
      ({ from, specifier }) => floorOf(from) === "protocol" && specifier.startsWith("node:"),
    );
    expect(inProtocol.filter(({ specifier }) => !PURE_NODE_MODULES.includes(specifier)).map(show)).toEqual([]);
    const waiting = [...sources].filter(
      ([file, source]) =>
        floorOf(file) === "protocol" &&
        /\b(?:await|async|setTimeout|setInterval|setImmediate)\b/.test(withoutComments(source)),
    );
    expect(waiting.map(([file]) => file)).toEqual([]);
  });
});

describe("the states drawn in ARCHITECTURE.md", () => {
  test("are those of a server connection", () => {
    expect(drawnMoves("SERVER_CONNECTION_MOVES")).toEqual(codedMoves(SERVER_CONNECTION_MOVES));
  });

  test("are those of a client session", () => {
    expect(drawnMoves("CLIENT_SESSION_MOVES")).toEqual(codedMoves(CLIENT_SESSION_MOVES));
  });
});
