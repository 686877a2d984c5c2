/** @file The cells of a study: all combinations of the axes, without the excluded cells, and with the included ones. */

import { type Axis, axes, type Cell, cellName, type Selector, selects } from "./definition.js";
import type { LinedDocument, ValuePath } from "./document.js";

export interface Selection {
  readonly matrix: Selector;
  /** On each axis that an entry does not name, the entry has all values of the matrix. */
  readonly include: readonly Selector[];
  readonly exclude: readonly Selector[];
}

/** @param known names by axis; seeds may be any number, and are 0 if none is given */
export function expandCells(
  document: LinedDocument,
  known: Readonly<Record<Axis, readonly string[] | undefined>>,
  { matrix, include, exclude }: Selection,
): readonly Cell[] {
  const base = Object.fromEntries(axes.map((axis) => [axis, matrix[axis] ?? known[axis] ?? ["0"]])) as Record<
    Axis,
    readonly string[]
  >;
  const all = product(base);
  for (const [i, selector] of exclude.entries())
    if (!all.some((cell) => selects(selector, cell)))
      document.fault(["exclude", i], "this excludes no cell of the matrix.");
  const found = new Map<string, ValuePath>();
  const cells: Cell[] = [];
  const add = (cell: Cell, place: ValuePath) => {
    const name = cellName(cell);
    if (found.has(name)) document.fault(place, `there are two cells with the name ${name}.`);
    else cells.push(cell);
    found.set(name, place);
  };
  for (const cell of all) if (!exclude.some((selector) => selects(selector, cell))) add(cell, ["matrix"]);
  for (const [i, selector] of include.entries())
    for (const cell of product({ ...base, ...selector })) add(cell, ["include", i]);
  if (cells.length === 0 && !document.faulty) document.fault(["matrix"], "the study has no cell.");
  return cells;
}

/** All combinations; the first axis changes slowest. */
const product = ({ network, data, method, bits, seed }: Readonly<Record<Axis, readonly string[]>>): readonly Cell[] =>
  network.flatMap((n) =>
    data.flatMap((d) =>
      method.flatMap((m) =>
        bits.flatMap((b) => seed.map((s) => ({ network: n, data: d, method: m, bits: b, seed: Number(s) }))),
      ),
    ),
  );
