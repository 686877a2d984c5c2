/** @file Mixed precision as text: what was chosen, and what other budgets would have given. */

import type { QuantizeResult } from "@subbyte/toolkit/tasks";
import { table } from "./output.js";

type MixedPrecision = NonNullable<QuantizeResult["mixed"]>;
type Front = MixedPrecision["fronts"][number];

/** The bit widths of the layers, and what other budgets would have given. */
export function mixedText({ layers, fronts }: MixedPrecision): string {
  const rows = layers.map(({ pattern, weights = "", activations = "" }) => [pattern, weights, activations]);
  return [table(["layer", "W bits", "A bits"], rows), ...fronts.map(frontText)].join("\n\n");
}

/** Points of a front that are shown. */
const SHOWN = 9;

/** Points at about equal distances, both ends included; what was chosen, and what it is to be compared with. */
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
