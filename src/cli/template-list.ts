import type { UpstreamTemplate } from "../emulator/serverless/upstream-template.js";

// Function apps take their secret in the query.
const SECRET = /([?&](?:code|key|sig|secret|token|subscription-key)=)[^&#]*/gi;

/** Templates as lines for people, in the order in which they are tried; secrets in their URLs are left out. */
export function listTemplates(templates: readonly UpstreamTemplate[]): string {
  if (templates.length === 0) return "  none: events of clients go nowhere\n";
  return templates.map((template, index) => line(template, index)).join("");
}

function line(template: UpstreamTemplate, index: number): string {
  const { urlTemplate, hubPattern, categoryPattern, eventPattern, auth } = template;
  const identity = auth?.type === "ManagedIdentity" ? "\n     its managed identity is ignored here" : "";
  return `  ${index + 1}. ${urlTemplate.replace(SECRET, "$1...")}
     hub ${shown(hubPattern)}, category ${shown(categoryPattern)}, event ${shown(eventPattern)}${identity}\n`;
}

function shown(pattern: string | null | undefined): string {
  if (pattern === null) return "(none)";
  return pattern === "" ? "(empty)" : (pattern ?? "*");
}
