/** What a program tells the process that started it in order to publish: what it wrote, or why it did not. */
export type PublishReport = { readonly files: readonly string[] } | { readonly error: string };

/** Sends the report. Where nobody listens, nothing happens. */
export function reportPublication(report: PublishReport): void {
  process.send?.(report);
}

/** The report in a message of another process; undefined: it is something else. */
export function readReport(message: unknown): PublishReport | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if ("error" in message && typeof message.error === "string") return { error: message.error };
  if (!("files" in message) || !Array.isArray(message.files)) return undefined;
  return { files: message.files.map(String) };
}
