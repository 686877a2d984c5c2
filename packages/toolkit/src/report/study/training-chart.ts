/** @file Training curves: by bit width for one network, and by network for one data set. */

import type { EpochRecord } from "../../training/index.js";
import { fixed, linearAxis, panelSvg, path, withTip } from "./plot.js";

export interface Curve {
  readonly name: string;
  /** Index of the color. */
  readonly series: number;
  readonly history: readonly EpochRecord[];
}

type Figure = "validationAccuracy" | "trainLoss";

/** @param title of all curves, for screen readers */
export function trainingPanel(title: string, curves: readonly Curve[], figure: Figure): string | undefined {
  const factor = figure === "validationAccuracy" ? 100 : 1;
  const lines = curves.flatMap(({ history, ...rest }) => {
    const known = history.flatMap((record) => {
      const value = record[figure];
      return value === undefined ? [] : [[record.epoch, factor * value] as const];
    });
    return known.length === 0 ? [] : [{ ...rest, known }];
  });
  if (lines.length === 0) return undefined;
  const values = lines.flatMap(({ known }) => known.map(([, value]) => value));
  const epochs = Math.max(...lines.flatMap(({ known }) => known.map(([epoch]) => epoch)));
  const label = figure === "validationAccuracy" ? "accuracy on held-out images, %" : "training loss";
  const margin = 0.06 * (Math.max(...values) - Math.min(...values)) || 1;
  const y = linearAxis("y", { domain: [Math.min(...values) - margin, Math.max(...values) + margin], label });
  const x = linearAxis("x", {
    domain: [1 - 0.02 * epochs, 1.02 * epochs],
    label: "epoch",
    ...(epochs <= 8 ? { ticks: Array.from({ length: epochs }, (_, i) => i + 1) } : {}),
  });
  const marks = lines.map(({ series, known, name }) => {
    const at = known.map(([epoch, value]): [number, number] => [x.scale(epoch), y.scale(value)]);
    const tips = at.map(([px, py], i) => {
      const [epoch, value] = known[i]!;
      const tip = `${name}, epoch ${epoch}: ${value.toFixed(factor === 100 ? 2 : 3)}`;
      const radius = known.length > 20 ? 1.4 : 2.4;
      return withTip("circle", `class="dot c${series}" cx="${fixed(px)}" cy="${fixed(py)}" r="${radius}"`, tip);
    });
    return path(at, `line c${series}`) + tips.join("");
  });
  const ends = lines.map(({ name, known }) => `${name} ${known.at(-1)![1].toFixed(2)}`).join(", ");
  return panelSvg(x, y, `${title}: ${label} by epoch; at the end ${ends}.`, marks.join(""));
}
