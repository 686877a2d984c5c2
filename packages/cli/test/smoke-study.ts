/** @file The study `smoke` through the built command, and what its results are without times. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { folder, subbyte } from "./subbyte.js";

/** Names of runs that train, reconstruct and train quantization-aware. */
export const [FLOAT, RECONSTRUCTED, TRAINED] = ["float", "reconstruct-w2a2-s0", "qat-w4a4-s0"].map(
  (name) => `resnet8-mnist-${name}`,
) as [string, string, string];

export interface Results {
  readonly runs: readonly { readonly id: string; readonly result: object; readonly software?: object }[];
  readonly missing: readonly { readonly id: string; readonly state: string }[];
}

/** The results of a merged study, without times. */
export async function merged(name: string): Promise<Results> {
  expect((await subbyte("study", "merge", join(folder, name))).status).toBe(0);
  const { runs, missing } = JSON.parse(readFileSync(join(folder, name, "merged.json"), "utf8")) as Results;
  return { runs: runs.map(({ id, result }) => ({ id, result: untimed(result) })), missing };
}

/** Notes tell whether a run was resumed. */
const untimed = (result: object): object =>
  JSON.parse(JSON.stringify(result), (key, value) =>
    ["seconds", "imagesPerSecond", "notes"].includes(key) ? undefined : value,
  );

/** Does all runs of the study, one after the other, undisturbed. */
export async function straightResults(): Promise<Results> {
  expect(await subbyte("study", "run", "smoke", "--out", "straight", "--quiet")).toMatchObject({ status: 0 });
  const results = await merged("straight");
  expect(results.missing).toEqual([]);
  return results;
}
