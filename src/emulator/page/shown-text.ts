const HIDDEN = "(hidden)";
// Names under which secrets travel: tokens of every kind, the connection's own id, keys, signatures.
const SECRET_NAME = /token|secret|passw|credential|signature|api.?key|access.?key|^(?:id|sig|code|key)$/i;

/** The beginning of a text; says how much was left out. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most)}… (${(text.length - most).toLocaleString("en-US")} more characters)`;
}

/** The value of something named, or a word in its place when the name is one that secrets have. */
export function unlessSecret(name: string, value: string): string {
  return SECRET_NAME.test(name) ? HIDDEN : value;
}

/** The parameters of a query for people: secrets are replaced, the access token and the connection's id left out. */
export function shownQuery(queryString: string): string {
  const shown: string[] = [];
  for (const [name, value] of new URLSearchParams(queryString)) {
    if (name !== "access_token" && name !== "id") shown.push(`${name}=${unlessSecret(name, value)}`);
  }
  return shown.join("&");
}
