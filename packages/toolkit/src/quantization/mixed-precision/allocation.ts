/**
 * @file Allocation under a budget: chooses one option per item, such that the sum of amounts stays within the budget and the
 * sum of costs is least.
 *
 * Only choices on the lower convex hull of cost over amount are considered. All items begin at their largest amount. The step
 * with the smallest cost per saved amount is then taken repeatedly. This visits the best choice for every budget: the Pareto
 * front.
 *
 * Source: Shoham and Gersho 1988, "Efficient bit allocation for an arbitrary set of quantizers", IEEE Transactions on
 * Acoustics, Speech, and Signal Processing 36 (allocation on convex hulls).
 */

import { UsageError } from "../../errors.js";

export interface Choice<T> {
  readonly value: T;
  /** The quantity that the budget limits. */
  readonly amount: number;
  readonly cost: number;
}

/** Sums over all items. */
export interface Sums {
  readonly amount: number;
  readonly cost: number;
}

export interface Allocation<T> {
  /** One choice per item. */
  readonly choices: readonly Choice<T>[];
  /** The sums of the best choices, from the largest to the smallest amount. */
  readonly front: readonly Sums[];
}

/**
 * @param tooSmall makes the message for a budget that even the smallest amounts exceed; its argument is their sum
 * @throws {UsageError} with that message
 */
export function allocate<T>(
  items: readonly (readonly Choice<T>[])[],
  budget: number,
  tooSmall: (least: number) => string,
): Allocation<T> {
  const hulls = items.map(hull);
  let places = hulls.map(() => 0);
  const front = [sums(hulls, places)];
  let within = front[0]!.amount <= budget ? places : undefined;
  for (;;) {
    const next = cheapestStep(hulls, places);
    if (next === undefined) break;
    places = places.with(next, places[next]! + 1);
    const point = sums(hulls, places);
    front.push(point);
    if (!within && point.amount <= budget) within = places;
  }
  if (!within)
    throw new UsageError(
      "budget-too-small",
      { option: "budget", value: budget, expected: front.at(-1)!.amount },
      tooSmall(front.at(-1)!.amount),
    );
  const filled = fill(hulls, within, budget);
  return { choices: filled.map((place, i) => hulls[i]![place]!), front };
}

type Hulls = readonly (readonly Sums[])[];

/** The sums of the choices at these places of the hulls. */
const sums = (hulls: Hulls, places: readonly number[]): Sums => sumsOf(hulls.map((points, i) => points[places[i]!]!));

export function sumsOf(choices: readonly Sums[]): Sums {
  let amount = 0;
  let cost = 0;
  for (const choice of choices) {
    amount += choice.amount;
    cost += choice.cost;
  }
  return { amount, cost };
}

/** The item whose next smaller amount costs least per saved amount. */
function cheapestStep(hulls: Hulls, places: readonly number[]): number | undefined {
  let best: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  hulls.forEach((points, i) => {
    const here = points[places[i]!]!;
    const next = points[places[i]! + 1];
    if (!next) return;
    const price = (next.cost - here.cost) / (here.amount - next.amount);
    if (price < least) {
      least = price;
      best = i;
    }
  });
  return best;
}

/** Uses the rest of the budget: reverses steps, the one that gains most first, as long as one fits. */
function fill(hulls: Hulls, from: readonly number[], budget: number): readonly number[] {
  let places = from;
  for (;;) {
    const { amount } = sums(hulls, places);
    let best: number | undefined;
    let most = 0;
    places.forEach((place, i) => {
      const larger = hulls[i]![place - 1];
      if (!larger) return;
      const here = hulls[i]![place]!;
      if (amount + larger.amount - here.amount <= budget && here.cost - larger.cost > most) {
        most = here.cost - larger.cost;
        best = i;
      }
    });
    if (best === undefined) return places;
    places = places.with(best, places[best]! - 1);
  }
}

/**
 * The lower convex hull of cost over amount, the largest amount first. An amount that costs no less than a smaller one is not
 * on it.
 */
function hull<T>(choices: readonly Choice<T>[]): readonly Choice<T>[] {
  const worthwhile: Choice<T>[] = [];
  for (const choice of [...choices].sort((a, b) => a.amount - b.amount || a.cost - b.cost))
    if (worthwhile.length === 0 || choice.cost < worthwhile.at(-1)!.cost) worthwhile.push(choice);
  const result: Choice<T>[] = [];
  for (const choice of worthwhile.reverse()) {
    while (result.length >= 2 && !isConvex(result.at(-2)!, result.at(-1)!, choice)) result.pop();
    result.push(choice);
  }
  return result;
}

/** Whether the cost per amount rises from a→b to b→c. */
const isConvex = (a: Sums, b: Sums, c: Sums): boolean =>
  (b.cost - a.cost) * (b.amount - c.amount) < (c.cost - b.cost) * (a.amount - b.amount);
