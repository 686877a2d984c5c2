/** @file Sends errors from a thread that computes; structured cloning would lose their class. */

import type { ItemError } from "./protocol.js";

export function itemError(error: unknown): ItemError {
  const { kind, message } = error as { kind?: string; message?: string };
  return { kind: kind === "data" ? "data" : "unexpected", message: message ?? String(error) };
}
