/** The text as an absolute http or https URL, or undefined. `https:host` and other lenient forms of browsers are refused. */
export function parseHttpUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^/?#]/i.test(text)) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** `scheme://host[:port][/path]`: lower case, no default port, no trailing slash, nothing of a user name, query or fragment. */
export function endpointText(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}
