/** A promise that is settled from outside. Nobody has to await it: its rejection alone is never an unhandled one. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

export function createDeferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  // Whoever awaits the promise gets the error; when nobody does, there is nobody to tell.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
