/** @file Confusion matrices as pictures: the float network's, and how a quantized one differs. */

import { escapeHtml } from "../page.js";
import type { Case, Point } from "./cases.js";
import { fixed, withTip } from "./plot.js";

/** With more classes, a matrix is unreadable at this size. */
export const MAX_PICTURED_CLASSES = 20;

const WIDTH = 360;
/** Pixels per letter, and pixels around names. */
const LETTER = 6.2;
const AROUND = 16;
const MAX_NAME = 11;

type Matrix = readonly (readonly number[])[];

/** Sum of the confusion matrices of a point's seeds minus the float network's, divided by the number of seeds. */
export function confusionChange({ float }: Case, { runs }: Point): Matrix | undefined {
  const before = float.result.accuracy!.confusion;
  const all = runs.map(({ result }) => result.accuracy!.confusion);
  if (before === undefined || all.includes(undefined)) return undefined;
  return before.map((row, label) =>
    row.map((count, predicted) => {
      const after = all.reduce((sum, matrix) => sum + matrix![label]![predicted]!, 0) / all.length;
      return Math.round(10 * (after - count)) / 10;
    }),
  );
}

/** @param kind `counts` shades errors, `change` shades increases and decreases */
export function matrixSvg(
  matrix: Matrix,
  classes: readonly string[],
  kind: "counts" | "change",
  description: string,
): string {
  const count = classes.length;
  const shortNames = classes.map((name) => (name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name));
  const longest = LETTER * Math.max(...shortNames.map(({ length }) => length));
  const [left, top] = [AROUND + longest, 2 * AROUND + 0.8 * longest];
  const cell = (WIDTH - left - 6) / count;
  const height = top + cell * count + 6;
  const isError = (label: number, predicted: number) => label !== predicted;
  const most = Math.max(
    1,
    ...matrix.flatMap((row, label) =>
      row.filter((_, predicted) => kind === "change" || isError(label, predicted)).map(Math.abs),
    ),
  );
  const cells = matrix.flatMap((row, label) =>
    row.map((value, predicted) => {
      const right = !isError(label, predicted);
      // More right answers are as good as fewer wrong ones.
      const better = right ? value > 0 : value < 0;
      const className = kind === "counts" ? (right ? "diagonal" : "wrong") : better ? "better" : "worse";
      const strength = kind === "counts" && right ? 1 : Math.abs(value) / most;
      const tip = `${classes[label]} seen as ${classes[predicted]}: ${kind === "change" ? signed(value) : value}`;
      const [x, y] = [left + predicted * cell, top + label * cell];
      const text = value === 0 ? "" : kind === "change" ? signed(value) : String(value);
      return (
        withTip(
          "rect",
          `class="cell ${className}" style="--s:${Math.round(100 * strength)}%" x="${fixed(x)}" y="${fixed(y)}" width="${fixed(cell - 1)}" height="${fixed(cell - 1)}"`,
          tip,
        ) +
        (cell >= 20
          ? `<text class="count" x="${fixed(x + cell / 2)}" y="${fixed(y + cell / 2)}" dy="0.34em" text-anchor="middle">${text}</text>`
          : "")
      );
    }),
  );
  const names = shortNames.flatMap((name, i) => {
    const middle = i * cell + cell / 2;
    const short = escapeHtml(name);
    return [
      `<text class="tick" x="${fixed(left - 5)}" y="${fixed(top + middle)}" dy="0.34em" text-anchor="end">${short}</text>`,
      `<text class="tick" transform="translate(${fixed(left + middle)},${fixed(top - 5)}) rotate(-50)">${short}</text>`,
    ];
  });
  return [
    `<svg viewBox="0 0 ${WIDTH} ${fixed(height)}" role="img" aria-label="${escapeHtml(description)}">`,
    '<text class="axis" x="2" y="12">rows: class, columns: answer</text>',
    ...names,
    ...cells,
    "</svg>",
  ].join("\n");
}

const signed = (value: number): string => (value < 0 ? `−${-value}` : `+${value}`);

/** Accuracy of each class, 0…1. */
export const classAccuracies = (matrix: Matrix): readonly number[] =>
  matrix.map(
    (row, label) =>
      row[label]! /
      Math.max(
        1,
        row.reduce((sum, count) => sum + count, 0),
      ),
  );
