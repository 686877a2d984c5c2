/** @file The optional folder of test data: `$SUBBYTE_SHARED`, else `../shared` beside the repository. */

import { existsSync } from "node:fs";
import { join } from "node:path";

const folders = [process.env.SUBBYTE_SHARED, join(import.meta.dirname, "../../../../shared")];

/** The path of a file of the test data, or undefined if it is absent: `test.skipIf(!path)`. */
export function sharedFile(name: string): string | undefined {
  const path = folders.flatMap((folder) => (folder ? [join(folder, name)] : [])).find(existsSync);
  if (!path) console.warn(`skipped: no test data "${name}" in $SUBBYTE_SHARED or ../shared`);
  return path;
}
