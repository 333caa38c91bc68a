import type { Refusal } from "./http.js";

const LONGEST_NAME = 128;
// What the service allows; the prefix of an application name is part of it.
const NAME = /^[A-Za-z][\w`,.[\]]*$/;

/** The hub that a request is for, in lower case, or why there is none. */
export function readHubName(url: URL): string | Refusal {
  const name = url.searchParams.get("hub") ?? "";
  if (name === "") return { status: 400, reason: "The query names no hub; add hub=<name>." };
  if (name.length > LONGEST_NAME || !NAME.test(name)) {
    return {
      status: 400,
      reason: `The query's hub is no hub name: a letter, then letters, digits and _ \` , . [ ], at most ${LONGEST_NAME} characters.`,
    };
  }
  return name.toLowerCase();
}
