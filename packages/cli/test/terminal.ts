/** @file Runs the built command in a terminal with a given number of columns, and returns what a person sees. */

import { spawn } from "@lydell/node-pty";
import headless from "@xterm/headless";
import { environment, folder, program } from "./subbyte.js";

export interface Screen {
  readonly status: number;
  /** All lines, including those that have scrolled out of sight. */
  readonly lines: readonly string[];
  /** Lines that did not fit and continue in the next one. */
  readonly wrapped: readonly string[];
}

/** Rows of the terminal. */
const ROWS = 60;
const SCROLLBACK = 2000;

export async function inTerminal(columns: number, ...args: readonly string[]): Promise<Screen> {
  const terminal = new headless.Terminal({ cols: columns, rows: ROWS, scrollback: SCROLLBACK, allowProposedApi: true });
  const child = spawn(process.execPath, [program, ...args], {
    name: "xterm-256color",
    cols: columns,
    rows: ROWS,
    cwd: folder,
    env: { ...environment, NO_COLOR: undefined, TERM: "xterm-256color", CI: undefined },
  });
  child.onData((data) => terminal.write(data));
  const status = await new Promise<number>((resolve) => child.onExit(({ exitCode }) => resolve(exitCode)));
  await new Promise<void>((resolve) => terminal.write("", resolve));
  const { active } = terminal.buffer;
  const all = Array.from({ length: active.length }, (_, i) => active.getLine(i)!);
  const text = all.map((line) => line.translateToString(true));
  terminal.dispose();
  return {
    status,
    lines: text.slice(0, text.findLastIndex((line) => line !== "") + 1),
    wrapped: text.filter((_, i) => all[i]!.isWrapped),
  };
}
