/** @file Mixed precision as text: the chosen bit widths, and the results of other budgets. */

import type { QuantizeResult } from "@subbyte/toolkit/tasks";
import { table } from "./output.js";

type MixedPrecision = NonNullable<QuantizeResult["mixed"]>;
type Front = MixedPrecision["fronts"][number];

/** The bit widths of the layers, and the results of other budgets. */
export function mixedText({ layers, fronts }: MixedPrecision): string {
  const rows = layers.map(({ pattern, weights = "", activations = "" }) => [pattern, weights, activations]);
  return [table(["layer", "W bits", "A bits"], rows), ...fronts.map(frontText)].join("\n\n");
}

/** Number of points of a front that are shown. */
const SHOWN = 9;

/**
 * Points of a front at about equal distances, including both ends; then the chosen one, and the uniform bit width for
 * comparison.
 */
function frontText({ unit, points, chosen, uniform }: Front): string {
  const [most, fewest] = [points[0]!, points.at(-1)!];
  const shown = new Set(
    Array.from({ length: SHOWN }, (_, i) => {
      const wanted = most.amount + ((fewest.amount - most.amount) * i) / (SHOWN - 1);
      const distance = ({ amount }: (typeof points)[number]) => Math.abs(amount - wanted);
      return points.reduce((nearest, point) => (distance(point) < distance(nearest) ? point : nearest));
    }),
  );
  const cells = ({ amount, divergence }: Front["chosen"]) => [amount.toPrecision(3), divergence.toPrecision(3)];
  const rows = [
    ...[...shown].map((point) => [...cells(point), ""]),
    [...cells(chosen), "chosen"],
    ...(uniform === undefined ? [] : [[...cells(uniform), "the same bit width everywhere"]]),
  ];
  return table([unit, "sum of divergences", ""], rows);
}
