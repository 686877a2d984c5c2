/** @file The JSON of a safetensors header: one object of objects, with lists of numbers, and no name twice. */

export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Bytes of the characters that give JSON its structure. */
const [QUOTE, BACKSLASH, COLON, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [0x22, 0x5c, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d];

/**
 * The header of a file, or a description of its fault.
 *
 * JSON.parse takes gigabytes for a header of nested lists, and keeps the last of two equal names, whereas other readers keep
 * the first. Both are detected before, in one pass over the bytes: every member has one colon.
 */
export function parseHeader(bytes: Uint8Array): Json | string {
  const members = countMembers(bytes);
  if (members === undefined) return "has a header that is nested deeper than the format allows";
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    header = undefined;
  }
  if (!isObject(header)) return "has a header that is not a JSON object";
  const entries = Object.values(header);
  const kept = entries.reduce((sum: number, entry) => sum + (isObject(entry) ? Object.keys(entry).length : 0), 0);
  return entries.length + kept === members ? header : "has a header with the same name twice";
}

/** Number of members of all objects; undefined if objects or lists are nested deeper than in `{"name": {"shape": [1]}}`. */
function countMembers(bytes: Uint8Array): number | undefined {
  let members = 0;
  let depth = 0;
  let inList = false;
  for (let i = 0; i < bytes.length; i++)
    switch (bytes[i]) {
      case QUOTE:
        for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
        break;
      case COLON:
        members++;
        break;
      case OPEN:
        if (++depth > 2 || inList) return undefined;
        break;
      case CLOSE:
        depth--;
        break;
      case OPEN_LIST:
        if (depth !== 2 || inList) return undefined;
        inList = true;
        break;
      case CLOSE_LIST:
        inList = false;
        break;
    }
  return members;
}
