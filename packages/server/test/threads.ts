/** @file Scripts of threads that fail or wait as a test says. */

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "./models.js";

const worker = pathToFileURL(createRequire(import.meta.url).resolve("#compute-worker")).href;

type TaskType = "describe" | "run";

/** A script that does `before` at each task of a type, then what the real one does. `runs` counts those of its thread, from 1. */
export function scriptWith(before: string, type: TaskType = "run"): string {
  const path = join(temporaryFolder(), "worker.mjs");
  writeFileSync(
    path,
    `import { existsSync, writeFileSync } from "node:fs";
     import { setTimeout as sleep } from "node:timers/promises";
     import handle from ${JSON.stringify(worker)};
     let runs = 0;
     export default async (task) => {
       if (task.type === "${type}") { runs++; ${before} }
       return handle(task);
     };`,
  );
  return path;
}

export interface Gate {
  readonly script: string;
  open(): void;
}

/** A script whose tasks of a type, or those for which `condition` holds, wait until the gate is opened. */
export function gate(condition = "true", type: TaskType = "run"): Gate {
  const marker = join(temporaryFolder(), "open");
  return {
    script: scriptWith(`while (${condition} && !existsSync(${JSON.stringify(marker)})) await sleep(10);`, type),
    open: () => writeFileSync(marker, ""),
  };
}
