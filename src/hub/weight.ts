const SLOT = 8;
const TEXT = 24;
const ARRAY = 32;
const OBJECT = 56;
const MEMBER = 32;
const BYTES = 200;

/**
 * About how many bytes a value that was read from the wire takes in memory. Its length on the wire says little: an empty
 * object is one byte of MessagePack and sixty here.
 */
export function weightOf(value: unknown): number {
  if (typeof value === "string") return TEXT + value.length;
  if (typeof value !== "object" || value === null) return SLOT;
  let weight: number;
  if (Array.isArray(value)) {
    weight = ARRAY;
    for (const item of value) weight += SLOT + weightOf(item);
    return weight;
  }
  if (ArrayBuffer.isView(value)) return BYTES + value.byteLength;
  weight = OBJECT;
  for (const key in value) weight += MEMBER + key.length + weightOf((value as Record<string, unknown>)[key]);
  return weight;
}
