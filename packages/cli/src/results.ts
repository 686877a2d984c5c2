/** @file Prints a command's result as text or JSON on stdout, and with `--results FILE` writes a record of how it was made. */

import type { CommonOptions } from "./common-options.js";
import { print, printJson, toJson } from "./output.js";
import { type Commit, commit, version } from "./provenance.js";

/** The content of a `--results` file: everything needed to judge and repeat a measurement. */
export interface ResultRecord {
  /** The command line as typed, such as `subbyte evaluate model.onnx --data mnist`. */
  readonly command: string;
  /** The options after checking, with defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly version: string;
  readonly commit?: Commit;
  readonly seed?: number;
  readonly machine: Readonly<Record<string, string>>;
  /** Time at which the command ended, in ISO 8601. */
  readonly date: string;
  /** Seconds since the start of the process. */
  readonly seconds: number;
  /**
   * Processor time of all threads of the process, in seconds. Unlike `seconds`, it hardly depends on how busy the
   * machine is.
   */
  readonly cpuSeconds: number;
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
  const { user, system } = process.cpuUsage();
  const record: ResultRecord = {
    command: commandLine(["subbyte", ...process.argv.slice(2)]),
    options,
    version,
    ...(built === undefined ? {} : { commit: built }),
    ...(typeof seed === "number" ? { seed } : {}),
    machine: machine(),
    date: new Date().toISOString(),
    seconds: tenths(performance.now() / 1000),
    cpuSeconds: tenths((user + system) / 1e6),
    result,
  };
  await writeFileAtomic(results, `${toJson(record)}\n`);
}

const tenths = (seconds: number): number => Math.round(10 * seconds) / 10;
