/** @file How a command hands over its result: a text or JSON on stdout, and with `--results FILE` a record of how it came about. */

import type { CommonOptions } from "./common-options.js";
import { print, printJson, toJson } from "./output.js";
import { type Commit, commit, version } from "./provenance.js";

/** The file that `--results` writes: everything needed to judge and repeat a measurement. */
export interface ResultRecord {
  /** As typed, such as `subbyte evaluate model.onnx --data mnist`. */
  readonly command: string;
  /** Checked, with defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly version: string;
  readonly commit?: Commit;
  readonly seed?: number;
  readonly machine: Readonly<Record<string, string>>;
  /** When the command ended, ISO 8601. */
  readonly date: string;
  /** Time since the start of the process. */
  readonly seconds: number;
  /** The result, as `--json` prints it. */
  readonly result: unknown;
}

/**
 * @param result for programs: `--json` prints it, `--results` records it
 * @param text for people
 */
export async function deliver(
  { json, results }: Pick<CommonOptions, "json" | "results">,
  options: Readonly<Record<string, unknown>>,
  result: object,
  text: string,
): Promise<void> {
  if (json) printJson(result);
  else print(text);
  if (results === undefined) return;
  const { commandLine, machine, writeFileAtomic } = await import("@subbyte/toolkit/tasks");
  const built = commit();
  const { seed } = options;
  const record: ResultRecord = {
    command: commandLine(["subbyte", ...process.argv.slice(2)]),
    options,
    version,
    ...(built === undefined ? {} : { commit: built }),
    ...(typeof seed === "number" ? { seed } : {}),
    machine: machine(),
    date: new Date().toISOString(),
    seconds: Math.round(performance.now() / 100) / 10,
    result,
  };
  await writeFileAtomic(results, `${toJson(record)}\n`);
}
