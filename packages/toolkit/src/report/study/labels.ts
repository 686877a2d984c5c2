/** @file Places labels beside the marks of a chart so that none covers another. */

import { escapeHtml } from "../page.js";
import { fixed } from "./plot.js";

export interface Label {
  /** Middle of the mark, in pixels of the chart. */
  readonly at: readonly [number, number];
  readonly text: string;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const LETTER = 6.8;
const HEIGHT = 11;
/** Distance from the middle of a mark to its label. */
const AWAY = 6;
const MARK_RADIUS = 4.5;

/**
 * SVG of the labels, each above, below, right or left of its mark, so that it covers neither a mark nor an earlier label. A
 * label without room is left out; its mark has a tooltip.
 *
 * @param marks middles of all marks
 * @param bounds left and right end of the chart
 */
export function placedLabels(
  labels: readonly Label[],
  marks: readonly (readonly [number, number])[],
  bounds: readonly [number, number],
): string {
  const taken: Box[] = marks.map(([x, y]) => square(x, y, MARK_RADIUS));
  return labels
    .map(({ at, text }) => {
      const box = candidates(at, LETTER * text.length).find(
        (each) =>
          each.x >= bounds[0] && each.x + each.width <= bounds[1] && !taken.some((other) => overlap(each, other)),
      );
      if (box === undefined) return "";
      taken.push(box);
      return `<text class="note" x="${fixed(box.x)}" y="${fixed(box.y + HEIGHT - 2)}">${escapeHtml(text)}</text>`;
    })
    .join("");
}

/** The places around a mark, from the best to the worst. */
const candidates = ([x, y]: Label["at"], width: number): readonly Box[] => {
  const [right, left, above, below] = [x + AWAY - 2, x - AWAY + 2 - width, y - AWAY - HEIGHT + 1, y + AWAY - 1];
  const corners = [
    [right, above],
    [left, above],
    [right, below],
    [left, below],
    [x - width / 2, above - 3],
    [x - width / 2, below + 3],
  ] as const;
  return corners.map(([cornerX, cornerY]) => ({ x: cornerX, y: cornerY, width, height: HEIGHT }));
};

const square = (x: number, y: number, radius: number): Box => ({
  x: x - radius,
  y: y - radius,
  width: 2 * radius,
  height: 2 * radius,
});

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
