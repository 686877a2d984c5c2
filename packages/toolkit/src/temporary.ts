/**
 * @file Names of temporary files that identify their process: `.NAME.PID-PLACE.RANDOM.tmp`. A process that is killed cannot
 * remove its own files, so the next process that writes the same file removes them.
 */

import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive, place } from "./processes.js";

/** A unique name, among all processes and calls. */
export const temporaryName = (name: string): string =>
  `.${name}.${process.pid}-${place}.${randomBytes(6).toString("hex")}.tmp`;

const PATTERN = /^\.(.+)\.(\d+)-([0-9a-f]{8})\.[0-9a-f]{12}\.tmp$/;

/** Removes temporary files of processes that have died: those for `name`, or all in the folder. Never fails. */
export function removeAbandoned(folder: string, name?: string): void {
  let entries: readonly string[];
  try {
    entries = readdirSync(folder);
  } catch {
    return; // There is no such folder yet, or it cannot be listed.
  }
  for (const entry of entries) {
    const [, ofName, id, at] = PATTERN.exec(entry) ?? [];
    if (ofName === undefined || (name !== undefined && ofName !== name) || at !== place || isAlive(Number(id)))
      continue;
    try {
      rmSync(join(folder, entry), { force: true });
    } catch {} // A file that stays does no harm.
  }
}
