/**
 * @file Turns errors into exit statuses: 0 done; 1 done, but the result is useless; 2 wrong use or bad input; 3 a fault of the
 * machine; 130 interrupted.
 */

import { describeError, type ErrorKind, type ErrorReport, UsageError } from "@subbyte/toolkit/errors";
import { CommanderError } from "commander";
import pc from "picocolors";
import { withoutControls } from "./controls.js";
import { withFlags } from "./flags.js";

/** The exit status of each kind of error; a new kind without a status does not compile. */
const statusOfKind: Readonly<Record<ErrorKind, 1 | 2 | 3 | 130>> = {
  failed: 1,
  usage: 2,
  data: 2,
  model: 2,
  format: 2,
  machine: 3,
  internal: 3,
  interrupted: 130,
};

const titles = { 1: "falls short:", 2: "error:", 3: "error:", 130: "stopped:" } as const;

export interface ReportOptions {
  /** Whether to print the stack traces of the error and of its causes. */
  readonly verbose: boolean;
  /** Whether to add a last line `{"error":{kind, code, data, message}}`. */
  readonly json: boolean;
  /** Breaks a text into lines that fit the terminal, if stderr is one. */
  readonly wrap: (text: string) => string;
}

/** Prints an error on stderr and returns the exit status. */
export function report(error: unknown, { verbose, json, wrap }: ReportOptions): number {
  if (error instanceof CommanderError) return reportUse(error, json);
  const described = describeError(error);
  const status = statusOfKind[described.kind];
  const message = sentence(described);
  const { red } = pc.createColors(process.stderr.isTTY && !process.env.NO_COLOR);
  process.stderr.write(`${wrap(`${red(titles[status])} ${withoutControls(message)}`)}\n`);
  if (verbose)
    for (let cause = error; cause instanceof Error; cause = cause.cause)
      process.stderr.write(`${withoutControls(cause.stack ?? cause.message)}\n`);
  if (json) printError({ ...described, message });
  return status;
}

/** The message with options as flags, and a full stop at the end; `internal:` marks bugs of Subbyte. */
function sentence({ kind, message }: ErrorReport): string {
  const text = withFlags(/[.!?]$/.test(message) ? message : `${message}.`);
  if (kind !== "internal") return text;
  return `internal: ${text.replace(/^internal: /, "")} Run again with --verbose for where it happened.`;
}

/** Reports wrong use. Commander has already printed its own message, or the help that was requested. */
function reportUse({ exitCode, code, message }: CommanderError, json: boolean): number {
  if (exitCode === 0) return 0;
  const use = new UsageError("command-line", { reason: code }, message.replace(/^error: /, ""));
  if (json) printError(describeError(use));
  return statusOfKind.usage;
}

const printError = (error: ErrorReport): void => {
  process.stderr.write(`${withoutControls(JSON.stringify({ error }))}\n`);
};
