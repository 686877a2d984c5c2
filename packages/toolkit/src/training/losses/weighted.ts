/** @file A weighted sum of losses. */

import { UsageError } from "../../errors.js";
import type { Loss } from "./definition.js";

/** One term of a weighted sum of losses. */
export interface LossTerm {
  readonly loss: Loss;
  /** Weight of at least 0; a term of weight 0 is left out. */
  readonly weight: number;
}

/** @throws {UsageError} if a weight is negative or none is above 0. */
export function weightedLoss(terms: readonly LossTerm[]): Loss {
  const wrong = terms.find(({ weight }) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
  if (wrong)
    throw new UsageError(
      "toolkit-argument",
      { argument: "weight", found: wrong.weight, expected: "at least 0" },
      `the weight of a loss must be at least 0, got ${wrong.weight}`,
    );
  const used = terms.filter(({ weight }) => weight > 0);
  if (used.length === 0)
    throw new UsageError(
      "toolkit-argument",
      { argument: "weight", found: 0, expected: "above 0" },
      "at least one loss must have a weight above 0",
    );
  if (used.length === 1 && used[0]!.weight === 1) return used[0]!.loss;
  return {
    description: used.map(({ loss, weight }) => `${weight}·${loss.description}`).join(" + "),
    append: (context) => {
      const { g } = context;
      return used
        .map(({ loss, weight }) => g.op("Mul", [loss.append(context), g.scalar(weight)]))
        .reduce((sum, term) => g.op("Add", [sum, term]));
    },
  };
}
