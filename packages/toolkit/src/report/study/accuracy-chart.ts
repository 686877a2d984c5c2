/** @file A chart of accuracy against bits, with one panel per case. */

import type { Case, Point } from "./cases.js";
import { bitsText, percent, points as pointsText } from "./format.js";
import { fixed, linearAxis, marker, panel, panelSvg, path, withTip } from "./plot.js";

/** Largest loss of accuracy that the axis shows, as a share; larger ones would press the other points into one line. */
const INTERESTING_POINTS = 0.12;
/** Pixels from the middle of a mark to its edge. */
const MARK = 4;
/** Pixels between the marks of methods at the same bit width. */
const DODGE = 6;

/**
 * The range of the axis in percent. It contains float and the highest accuracy of each bit width, with their intervals. Points
 * below it are shown at its lower edge, with their values.
 */
export function accuracyDomain(each: Pick<Case, "floatAccuracy" | "points">): readonly [number, number] {
  const { value: float } = each.floatAccuracy;
  const near = highestPoints(each).filter(({ accuracy }) => accuracy.value >= float - INTERESTING_POINTS);
  const low = 100 * Math.min(float - 0.005, ...near.map(({ accuracy }) => accuracy.low));
  const high = 100 * Math.max(float, ...near.map(({ accuracy }) => accuracy.high));
  const margin = 0.08 * (high - low);
  return [Math.max(0, low - 2 * margin), Math.min(100, high + margin)];
}

function highestPoints({ points }: Pick<Case, "points">): readonly Point[] {
  const highest = new Map<string, Point>();
  for (const point of points)
    if (!(point.accuracy.value <= (highest.get(point.bits)?.accuracy.value ?? -1))) highest.set(point.bits, point);
  return [...highest.values()];
}

/** @param series numbers of the methods, which determine color and shape */
export function accuracyPanel(each: Case, series: ReadonlyMap<string, number>): string | undefined {
  const shown = each.points.filter(({ position }) => position !== undefined);
  if (shown.length === 0) return undefined;
  const positions = shown.map(({ position }) => position!);
  const [least, most] = [Math.floor(Math.min(...positions)), Math.ceil(Math.max(...positions))];
  const float = each.floatAccuracy.value;
  const y = linearAxis("y", {
    domain: accuracyDomain(each),
    label: "accuracy, %",
  });
  const x = linearAxis("x", {
    domain: [most + 0.5, least - 0.5],
    label: "bits of weights and activations",
    ticks: Array.from({ length: most - least + 1 }, (_, i) => least + i),
  });
  const offset = (method: string) => DODGE * (each.methods.indexOf(method) - (each.methods.length - 1) / 2);
  const place = ({ position, method }: Point, share: number): [number, number] => [
    x.scale(position!) + offset(method),
    y.scale(100 * share),
  ];
  const bottom = y.scale(y.scale.domain()[0]!);
  const isBelow = ({ accuracy }: Point) => y.scale(100 * accuracy.value) > bottom - MARK;
  const marks = each.methods.flatMap((method) => {
    const own = shown.filter((point) => point.method === method);
    const number = series.get(method)!;
    const lines = measuredStretches(own).map((stretch) =>
      path(
        stretch.map((point) => place(point, point.accuracy.value)),
        `line c${number}`,
      ),
    );
    const above = own.filter((point) => !isBelow(point));
    const whiskers = above.map((point) => {
      const [at, low] = place(point, point.accuracy.low);
      return `<line class="whisker c${number}" x1="${fixed(at)}" x2="${fixed(at)}" y1="${fixed(low)}" y2="${fixed(place(point, point.accuracy.high)[1])}"/>`;
    });
    const seeds = above
      .filter(({ runs }) => runs.length > 1)
      .flatMap((point) =>
        point.runs.map((run) =>
          marker(
            number,
            place(point, run.result.accuracy!.top1),
            seedText(point, run.result.accuracy!.top1, run.seed),
            {
              radius: 1.8,
              hollow: true,
            },
          ),
        ),
      );
    return [
      ...lines,
      ...whiskers,
      ...seeds,
      ...above.map((point) => marker(number, place(point, point.accuracy.value), tipOf(point))),
    ];
  });
  const line = y.scale(100 * float);
  const floatLine = `<line class="float" x1="${panel.left}" x2="${panel.width - panel.right}" y1="${fixed(line)}" y2="${fixed(line)}"/><text class="note" x="${panel.width - panel.right}" y="${fixed(line - 5)}" text-anchor="end">float ${percent(float)}</text>`;
  const description = `Accuracy of ${each.title} by bit width: ${shown
    .map((point) => `${point.method} ${bitsText(point.bits)} ${percent(point.accuracy.value)}`)
    .join(", ")}.`;
  return panelSvg(
    x,
    y,
    description,
    floatLine + marks.join(""),
    belowMarks(shown.filter(isBelow), series, (point) => place(point, 0)[0], bottom),
  );
}

/** Triangles at the lower edge with the values above them, stacked if several have the same bit width. */
function belowMarks(
  below: readonly Point[],
  series: ReadonlyMap<string, number>,
  at: (point: Point) => number,
  bottom: number,
): string {
  const counts = new Map<number, number>();
  return below
    .map((point) => {
      const above = counts.get(point.position!) ?? 0;
      counts.set(point.position!, above + 1);
      const x = at(point);
      const number = series.get(point.method)!;
      return (
        withTip(
          "path",
          `class="mark c${number}" transform="translate(${fixed(x)},${fixed(bottom - 5)})" d="M-3.5,-3h7L0,4z"`,
          tipOf(point),
        ) +
        `<text class="below c${number}" x="${fixed(x)}" y="${fixed(bottom - 12 - 10 * above)}" text-anchor="middle">${(100 * point.accuracy.value).toFixed(0)}</text>`
      );
    })
    .join("");
}

/** Runs of points that are one bit apart, because no line may cross bit widths that were not measured. */
function measuredStretches(own: readonly Point[]): readonly (readonly Point[])[] {
  const stretches: Point[][] = [];
  for (const point of own.toSorted((a, b) => b.position! - a.position!)) {
    const last = stretches.at(-1);
    if (last !== undefined && last.at(-1)!.position! - point.position! <= 1) last.push(point);
    else stretches.push([point]);
  }
  return stretches;
}

const tipOf = ({ method, bits, accuracy, change, runs }: Point): string =>
  `${method}, ${bitsText(bits)}: ${percent(accuracy.value)} (${percent(accuracy.low)} … ${percent(accuracy.high)}), ` +
  `${pointsText(change.value)} points against float${runs.length > 1 ? `, ${runs.length} seeds` : ""}`;

const seedText = ({ method, bits }: Point, accuracy: number, seed: number): string =>
  `${method}, ${bitsText(bits)}, seed ${seed}: ${percent(accuracy)}`;
