/** @file Mixed precision on the command line: the budget, and what was chosen. */

import type { Front, FrontPoint, MixedPrecision, WidthBudget } from "@subbyte/toolkit";
import { type Command, InvalidArgumentError } from "commander";
import { decimal } from "./options.js";
import { table } from "./output.js";

export interface BudgetOptions {
  readonly avgBits?: number;
  /** Bytes. */
  readonly maxSize?: number;
  /** Milliseconds. */
  readonly maxTime?: number;
}

export const withBudgetOptions = (command: Command): Command =>
  command
    .option(
      "--avg-bits <bits>",
      "mixed precision: mean bit width of weights and of activations of inner layers",
      decimal(2),
    )
    .option("--max-size <size>", "mixed precision: size of the file, such as 200kB or 3MB", fileSize)
    .option("--max-time <ms>", "mixed precision: time of an image on this machine's engine, one thread", decimal(0));

/** Undefined where all layers have the widths of the policy. */
export function widthBudget({ avgBits, maxSize, maxTime }: BudgetOptions): WidthBudget | undefined {
  if (avgBits === undefined && maxSize === undefined && maxTime === undefined) return undefined;
  return {
    ...(avgBits === undefined ? {} : { averageBits: avgBits }),
    ...(maxSize === undefined ? {} : { maxBytes: maxSize }),
    ...(maxTime === undefined ? {} : { maxMilliseconds: maxTime }),
  };
}

/** The layers' widths, and what other budgets would have given. */
export function mixedText({ layers, fronts }: MixedPrecision): string {
  const rows = layers.map(({ pattern, weights = "", activations = "" }) => [pattern, weights, activations]);
  return [table(["layer", "W bits", "A bits"], rows), ...fronts.map(frontText)].join("\n\n");
}

/** A policy file, one entry per line. */
export const policyText = ({ layers }: MixedPrecision): string =>
  `[\n${layers.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]\n`;

/** Points of a front that are shown. */
const SHOWN = 9;

/** Points at about equal distances, both ends included; what was chosen, and what it is to be compared with. */
function frontText({ unit, points, chosen, uniform }: Front): string {
  const [widest, narrowest] = [points[0]!, points.at(-1)!];
  const shown = new Set(
    Array.from({ length: SHOWN }, (_, i) => {
      const wanted = widest.amount + ((narrowest.amount - widest.amount) * i) / (SHOWN - 1);
      const distance = ({ amount }: (typeof points)[number]) => Math.abs(amount - wanted);
      return points.reduce((nearest, point) => (distance(point) < distance(nearest) ? point : nearest));
    }),
  );
  const cells = ({ amount, divergence }: FrontPoint) => [amount.toPrecision(3), divergence.toPrecision(3)];
  const rows = [
    ...[...shown].map((point) => [...cells(point), ""]),
    [...cells(chosen), "chosen"],
    ...(uniform === undefined ? [] : [[...cells(uniform), "the same width everywhere"]]),
  ];
  return table([unit, "sum of divergences", ""], rows);
}

/** Bytes of a size such as `200kB` or `3MB`, in powers of 1000. */
function fileSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kMG]?)B?$/i.exec(text.trim());
  if (!match) throw new InvalidArgumentError("it takes a size such as 200kB or 3MB.");
  const powers: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };
  return Number(match[1]) * powers[match[2]!.toLowerCase()]!;
}
