/** @file Results on stdout: tables for people, JSON for programs. */

import Table from "cli-table3";
import pc from "picocolors";
import { withoutControls } from "./controls.js";

/**
 * A table without inner lines; the first row is the header. Numbers are aligned to the right. Control characters in
 * names from files become escapes.
 * @param prose headers of columns with words: if they do not fit, their beginning is kept
 */
export function table(
  header: readonly string[],
  given: readonly (readonly (string | number)[])[],
  prose: readonly string[] = [],
): string {
  const harmless = given.map((row) => row.map((cell) => withoutControls(String(cell))));
  const columns = process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY;
  const rows = fitted(header, harmless, columns, prose);
  const numeric = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[-+\d.,%×\s–]*( [kM]?B)?$/.test(row[column] ?? "")),
  );
  const instance = new Table({
    head: header.map(withoutControls),
    colAligns: numeric.map((right) => (right ? "right" : "left")),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "  ",
    },
  });
  for (const row of rows) instance.push([...row]);
  // The library pads every line to the full width.
  const [head, ...body] = instance.toString().replaceAll(/ +$/gm, "").split("\n");
  return [styled.bold(head!), ...body].join("\n");
}

/** Number of spaces between two columns. */
const GAP = 2;
/** Smallest number of characters to which a text is cut. */
const LEAST = 12;

/** Cuts the longest texts of rows, so that no line is longer than the terminal. */
function fitted(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
  prose: readonly string[],
): readonly (readonly string[])[] {
  const widths = header.map((head, c) => Math.max(head.length, ...rows.map((row) => row[c]?.length ?? 0)));
  for (;;) {
    const excess = widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1)) - columns;
    const widest = widths.indexOf(Math.max(...widths));
    const next = Math.max(LEAST, header[widest]!.length, widths[widest]! - excess);
    if (excess <= 0 || next >= widths[widest]!) break;
    widths[widest] = next;
  }
  return rows.map((row) => row.map((cell, c) => (prose.includes(header[c]!) ? cutEnd : cutStart)(cell, widths[c]!)));
}

/** Keeps the end of a text, where names of layers and files differ. */
const cutStart = (text: string, width: number): string => (text.length <= width ? text : `…${text.slice(1 - width)}`);

const cutEnd = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

/** Bold text and colors, if stdout is a terminal. */
const styled = pc.createColors(process.stdout.isTTY && !process.env.NO_COLOR);

/**
 * Prints text with control characters as escapes, because names from files must not control the terminal; only the bold
 * header of a table keeps its escape sequences.
 */
export const print = (text: string): void => {
  process.stdout.write(`${text.split("\n").map(harmless).join("\n")}\n`);
};

function harmless(line: string): string {
  const [, header] = BOLD_LINE.exec(line) ?? [];
  return header === undefined ? withoutControls(line) : styled.bold(withoutControls(header));
}

const ESCAPE = String.fromCharCode(27);
const BOLD_LINE = new RegExp(`^${ESCAPE}\\[1m(.*)${ESCAPE}\\[22m$`);

/** Indented JSON with lists of numbers on one line, so that a confusion matrix looks like one. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replaceAll(/\[\n[-+.\deE,\s]+\]/g, (list) =>
    list.replaceAll(/\s+/g, " ").replace("[ ", "[").replace(" ]", "]"),
  );

export const printJson = (value: unknown): void => print(toJson(value));

/** A duration as text: `8 s`, `2 min 5 s`, `3 h 12 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A share in [0, 1] as text: `91.73 %`. */
export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** A number of bytes as text, in powers of 1000: `1.25 MB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

/** Three significant digits, such as `0.214`, `12.3` and `1240`. */
export const threeDigits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

export const threadCount = (count: number): string => `${count} ${count === 1 ? "thread" : "threads"}`;

/** Multiply-adds in millions; empty for none. */
export const millions = (count: number): string => (count === 0 ? "" : (count / 1e6).toFixed(2));
