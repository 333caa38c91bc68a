/** What is written: `manifest` for `azd`, `bicep` for `az deployment`. */
export type Publisher = "manifest" | "bicep";

/** Where role assignments are written: in a module of their own, or inside the resource's module. */
export type RolesPlacement = "apart" | "inside";

export function isPublisher(text: unknown): text is Publisher {
  return text === "manifest" || text === "bicep";
}
