/** @file Text that fits a terminal. */

import wrapAnsi from "wrap-ansi";

/** Lines of whole words; all but the first begin with `indent`. */
export function wrapped(text: string, columns: number, indent = ""): string {
  return wrapAnsi(text, Math.max(20, columns - indent.length), { hard: true }).replaceAll("\n", `\n${indent}`);
}

/** A sentence of a result, broken into lines if stdout is a terminal. */
export const sentence = (text: string): string => (process.stdout.isTTY ? wrapped(text, process.stdout.columns) : text);
