/** @file The studies that come with the toolkit: files in `studies/` of the package. */

import { readFile } from "node:fs/promises";

export const builtInStudies: readonly string[] = [
  "smoke",
  "resnet20",
  "mobilenet",
  "ablations",
  "deeper",
  "four-cases",
  "predecessor",
  "predecessor-fixed",
];

/** The YAML text of a built-in study. */
export const builtInStudy = (name: string): Promise<string> =>
  readFile(new URL(`../../studies/${name}.yaml`, import.meta.url), "utf8");
