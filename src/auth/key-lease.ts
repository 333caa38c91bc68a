import { Secret } from "../base/secret.js";

/** A key that the service lends, to sign client tokens with. */
export interface KeyLease {
  /** Names the key in a token's header. */
  readonly keyId: string;
  readonly accessKey: Secret;
}

const LONGEST_KEY_ID = 1024;
const LONGEST_KEY = 8192;
// It goes into a token's header and into logs.
const PRINTABLE = /^[\x21-\x7e]+$/;

/** The lease in two values of an answer; undefined when they are none. */
export function readLease(keyId: unknown, accessKey: unknown): KeyLease | undefined {
  if (typeof keyId !== "string" || keyId.length > LONGEST_KEY_ID || !PRINTABLE.test(keyId)) return undefined;
  if (typeof accessKey !== "string" || accessKey === "" || accessKey.length > LONGEST_KEY) return undefined;
  return Object.freeze({ keyId, accessKey: new Secret(accessKey) });
}
