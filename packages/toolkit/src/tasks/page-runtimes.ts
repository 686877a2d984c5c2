/** @file The other runtimes that a page can run. */

import { browserRuntimes } from "../bench/index.js";
import type { Run } from "./run.js";

/** The runtimes for a page; those that are not installed are left out, with a note. */
export function runtimesOfPage(run: Run) {
  const { installed, missing } = browserRuntimes();
  for (const [runtime, packages] of Object.entries(missing))
    run.note(`${runtime} is left out, because it is not installed: npm install ${packages.join(" ")}`);
  return installed;
}
