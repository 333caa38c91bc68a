/** Resolves when this is so; looked at once a turn of the event loop, so that sockets get on in between. */
export async function eventually(isMet: () => boolean): Promise<void> {
  while (!isMet()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Lets some turns of the event loop pass, for what should not happen to have had its chance. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
