/** @file From errors to exit statuses: 0 done, 1 done but failed its purpose, 2 wrong use or bad input, 3 the machine, 130 interrupted. */

import { CommanderError } from "commander";
import pc from "picocolors";
import { withFlags } from "./flags.js";

const statusOfKind: Readonly<Record<string, number>> = {
  failed: 1,
  usage: 2,
  data: 2,
  model: 2,
  format: 2,
  machine: 3,
  interrupted: 130,
};

/** Errors of the operating system that are the machine's fault, not the input's. */
const machineCodes = new Set(["ENOSPC", "EDQUOT", "EIO", "ENOMEM", "EMFILE", "EROFS"]);
/** Errors of the operating system that a path given by the user causes. */
const inputCodes: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder. Check the path",
  EACCES: "permission is denied. Change the permissions, or choose another path",
  EISDIR: "this is a folder where a file is needed. Name a file in it",
  ENOTDIR: "a part of the path is no folder. Check the path",
};

interface Told {
  readonly status: number;
  readonly message: string;
}

/** What to print and which status to end with; `internal:` marks our own faults. */
export function explain(error: unknown): Told {
  if (error instanceof CommanderError) return { status: error.exitCode === 0 ? 0 : 2, message: "" };
  if (!(error instanceof Error)) return { status: 3, message: `internal: ${String(error)}` };
  if (error.name === "AbortError") return { status: 130, message: "interrupted; nothing was written." };
  const { kind, code, path } = error as Error & { kind?: string; code?: string; path?: string };
  const status = kind === undefined ? undefined : statusOfKind[kind];
  if (status !== undefined) return { status, message: sentence(error.message) };
  if (code !== undefined && machineCodes.has(code))
    return {
      status: 3,
      message: `${path ?? "the file system"}: ${error.message}. Free some space or choose another --out.`,
    };
  if (code !== undefined && code in inputCodes)
    return { status: 2, message: `${path ?? "a file"}: ${inputCodes[code]}.` };
  if (error instanceof RangeError && /allocation|Invalid array length/i.test(error.message))
    return { status: 3, message: `not enough memory: ${error.message}. Use a smaller --batch or --limit.` };
  return { status: 3, message: `internal: ${error.message}. Run again with --verbose for where it happened.` };
}

const sentence = (message: string): string => withFlags(/[.!?]$/.test(message) ? message : `${message}.`);

/** Prints an error on stderr, with its stack under `--verbose`, and returns the exit status. */
export function report(error: unknown, verbose: boolean): number {
  const { status, message } = explain(error);
  const { red } = pc.createColors(process.stderr.isTTY && !process.env.NO_COLOR);
  const title = status === 1 ? "falls short:" : status === 130 ? "stopped:" : "error:";
  if (message !== "") process.stderr.write(`${red(title)} ${message}\n`);
  if (verbose && error instanceof Error && !(error instanceof CommanderError)) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      process.stderr.write(`${cause.stack}\n`);
  }
  return status;
}
