/**
 * @file Identifies processes of this machine in files that outlive them; a process id alone is not enough, because ids are
 * reused.
 */

import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * Identifies the scope of a process id: the machine and, in a container, its namespace of process ids. Eight hexadecimal
 * digits.
 */
export const place = createHash("sha256").update(`${hostname()} ${namespaceOfIds()}`).digest("hex").slice(0, 8);

function namespaceOfIds(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return ""; // not Linux
  }
}

/** Whether a process of that id runs here. */
export function isAlive(id: number): boolean {
  if (!(Number.isInteger(id) && id > 0)) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * The start of a process, in ticks since the machine's start; together with its id, it identifies the process. Known only on
 * Linux.
 */
export function startOf(id: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${id}/stat`, "utf8");
    // proc(5): the name in parentheses may hold anything; the state after it is field 3, the start is field 22.
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]);
  } catch {
    return undefined;
  }
}
