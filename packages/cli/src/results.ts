/** @file How a command hands over its result: a text or JSON on stdout, and with `--results FILE` a record of how it came about. */

import { writeFileAtomic } from "@subbyte/toolkit";
import { commit, machine, version } from "./machine.js";
import type { CommonOptions } from "./options.js";
import { print, printJson, toJson } from "./output.js";

/** What `--results` writes: everything needed to judge and repeat a measurement. */
export interface ResultRecord {
  /** As typed, such as `subbyte evaluate model.onnx --data mnist`. */
  readonly command: string;
  readonly version: string;
  readonly commit?: ReturnType<typeof commit>;
  readonly seed?: number;
  readonly machine: Readonly<Record<string, string>>;
  /** When the command ended, ISO 8601. */
  readonly date: string;
  /** From the start of the process. */
  readonly seconds: number;
  /** What `--json` prints. */
  readonly result: unknown;
}

/**
 * @param result for programs: `--json` prints it, `--results` records it
 * @param text for people
 */
export async function deliver(
  options: CommonOptions & { readonly seed?: number },
  result: Readonly<Record<string, unknown>>,
  text: string,
): Promise<void> {
  if (options.json) printJson(result);
  else print(text);
  if (options.results === undefined) return;
  const built = commit();
  const record: ResultRecord = {
    command: ["subbyte", ...process.argv.slice(2)].map(quoted).join(" "),
    version,
    ...(built === undefined ? {} : { commit: built }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    machine: machine(),
    date: new Date().toISOString(),
    seconds: Math.round(performance.now() / 100) / 10,
    result,
  };
  await writeFileAtomic(options.results, `${toJson(record)}\n`);
}

/** As a shell takes it. */
const quoted = (argument: string): string =>
  /^[\w./:=,@%+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
