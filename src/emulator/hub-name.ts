import type { Refusal } from "./http.js";

/** Characters of a hub name, the application's name in front of it counted. */
export const LONGEST_HUB_NAME = 128;
// What the service allows; the prefix of an application name is part of it.
const NAME = /^[A-Za-z][\w`,.[\]]*$/;

/** Whether the service takes this as the name of a hub or an application. */
export function isHubName(name: string): boolean {
  return name.length <= LONGEST_HUB_NAME && NAME.test(name);
}

/** The hub that a request is for, in lower case, or why there is none. */
export function readHubName(url: URL): string | Refusal {
  const name = url.searchParams.get("hub") ?? "";
  if (name === "") return { status: 400, reason: "The query names no hub; add hub=<name>." };
  if (!isHubName(name)) {
    return {
      status: 400,
      reason: `The query's hub is no hub name: a letter, then letters, digits and _ \` , . [ ], at most ${LONGEST_HUB_NAME} characters.`,
    };
  }
  return name.toLowerCase();
}
