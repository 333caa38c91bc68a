import { compile, ensureBuilt, root } from "../support/built.js";
import { type Child, startNode } from "../support/child.js";

/** Builds package and sample, as `npm start` does (or `npm run start:fastify`). */
export function buildSample(sample = "chat"): void {
  ensureBuilt();
  const complaints = compile(`samples/${sample}`);
  if (complaints !== "") throw new Error(`the sample does not build:\n${complaints}`);
}

/** Starts the sample as `npm start` does, on this port (0: a free one). */
export function startSample(port: string, env: Readonly<Record<string, string>> = {}): Child {
  return startNode(`${root}samples/chat/dist/server.js`, { PORT: port, ...env }, root);
}

/** The address that the sample prints once it can be used. */
export async function addressOf(sample: Child): Promise<string> {
  const [, address = ""] = await sample.printed(/^Chat: +(http:\S+)$/m);
  await sample.printed(/Ctrl-C/);
  return address;
}
