/**
 * @file Names of temporary files that say whose they are: `.NAME.PID-PLACE.RANDOM.tmp`. A process that is killed cannot remove
 * its own, so the next one that writes the same thing does.
 */

import { randomBytes } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive, place } from "./processes.js";

/** A name that no other process and no other call gives. */
export const temporaryName = (name: string): string =>
  `.${name}.${process.pid}-${place}.${randomBytes(6).toString("hex")}.tmp`;

const PATTERN = /^\.(.+)\.(\d+)-([0-9a-f]{8})\.[0-9a-f]{12}\.tmp$/;

/** Removes what processes that have died left in a folder: under `name`, or under any name. Never fails. */
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
    } catch {} // It does no harm.
  }
}
