import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A Node program that was started for a test, and what it has printed so far. */
export interface Child {
  readonly process: ChildProcess;
  /** Standard output and standard error, as they came. */
  output(): string;
  /** Resolves when the program has printed a text that matches; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal and resolves with the exit code (null: ended by the signal). */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  /** Resolves with the exit code when it ends by itself. */
  ended(): Promise<number | null>;
}

/** Starts `node` on a file, with arguments. Settings of the service that the test's own environment may hold are not handed down. */
export function startNode(
  file: string,
  env: Readonly<Record<string, string>>,
  cwd: string,
  args: readonly string[] = [],
): Child {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(connectionstrings|azure)__|^(port|node_env)$/i.test(name),
  );
  const child = spawn(process.execPath, [file, ...args], { cwd, env: { ...Object.fromEntries(inherited), ...env } });
  let output = "";
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      changed();
    });
  }
  child.once("close", changed);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const ended = async (): Promise<number | null> => {
    if (!hasEnded()) await once(child, "close");
    return child.exitCode;
  };
  return {
    process: child,
    output: () => output,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null && !hasEnded()) return;
          listeners.delete(look);
          if (match === null) reject(new Error(`the program ended before it printed ${pattern}:\n${output}`));
          else resolve(match);
        };
        listeners.add(look);
        look();
      }),
    async end(signal = "SIGTERM") {
      child.kill(signal);
      return await ended();
    },
  };
}
