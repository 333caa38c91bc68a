import type { StreamLike } from "./types.js";

/** Reads a stream of the official client; leaving the loop cancels it at the server. */
export async function* readStream(open: () => StreamLike): AsyncGenerator<unknown, void, undefined> {
  const items: unknown[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake: () => void = () => {};
  const subscription = open().subscribe({
    next(item) {
      items.push(item);
      wake();
    },
    error(error) {
      end = { error };
      wake();
    },
    complete() {
      end = {};
      wake();
    },
  });
  try {
    for (;;) {
      // What came before an error is still delivered.
      yield* items.splice(0);
      if (items.length > 0) continue;
      if (end !== undefined) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if ("error" in end) throw end.error;
  } finally {
    // Does nothing at the server when the stream has ended by itself.
    if (end === undefined) subscription.dispose();
  }
}
