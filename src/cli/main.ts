#!/usr/bin/env node
import { runCli } from "./program.js";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interruption.abort());
}

// Whoever read the output is gone (`| head -1`, a closed terminal). To Node that is an error that nobody expects; to a
// program on a command line it is the wish that it ends.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", () => interruption.abort());
}

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  interrupted: interruption.signal,
});
