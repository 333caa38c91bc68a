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

// The token, the connection's secret id, and what SDKs number their requests with.
const LEFT_OUT = /^(?:access_token|id|asrs_.*)$/i;

/** The parameters of a query for people: what only programs read is left out, secrets are replaced. */
export function shownQuery(queryString: string): string {
  const shown: string[] = [];
  for (const [name, value] of new URLSearchParams(queryString)) {
    if (!LEFT_OUT.test(name)) shown.push(`${name}=${unlessSecret(name, value)}`);
  }
  return shown.join("&");
}
