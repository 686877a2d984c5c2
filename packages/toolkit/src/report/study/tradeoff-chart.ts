/** @file Accuracy against file size, and against latency, with the Pareto front. */

import { accuracyDomain } from "./accuracy-chart.js";
import type { Case, Point } from "./cases.js";
import { bitsText, byteSize, milliseconds, percent } from "./format.js";
import { placedLabels } from "./labels.js";
import { fixed, linearAxis, logAxis, marker, panel, panelSvg } from "./plot.js";
import { paretoFront } from "./statistics.js";

interface Place {
  readonly cost: number;
  /** Top-1 accuracy, 0…1. */
  readonly accuracy: number;
  readonly series: number;
  readonly label: string;
  readonly tip: string;
}

/** The series of float networks. */
const FLOAT_SERIES = 9;

export function sizePanel(each: Case, series: ReadonlyMap<string, number>): string | undefined {
  const places = [
    ...each.points.map((point) => placeOf(point, point.bytes, byteSize(point.bytes), series)),
    floatPlace(each, each.float.result.model!.bytes, byteSize(each.float.result.model!.bytes), "float"),
  ];
  return tradeoffPanel(each, places, "size of the file", byteSize);
}

export function latencyPanel(each: Case, series: ReadonlyMap<string, number>): string | undefined {
  const measured = each.latency?.result.latency;
  if (measured === undefined) return undefined;
  const own = each.points.flatMap((point) =>
    point.milliseconds === undefined
      ? []
      : [placeOf(point, point.milliseconds, milliseconds(point.milliseconds), series)],
  );
  const peers = measured
    .filter(({ bits }) => bits === undefined)
    .map((peer) => floatPlace(each, peer.milliseconds, milliseconds(peer.milliseconds), peerName(peer.contestant)));
  if (own.length === 0) return undefined;
  return tradeoffPanel(each, [...own, ...peers], "time of one image, one thread", (value) => milliseconds(value));
}

/** `onnxruntime-web` for `ort-web-float32`. */
export function peerName(contestant: string): string {
  const runtime = contestant.replace(/-float32$/, "");
  const names: Readonly<Record<string, string>> = {
    "ort-web": "onnxruntime-web",
    "ort-node": "onnxruntime-node",
    litert: "LiteRT.js",
    tfjs: "TensorFlow.js",
  };
  return names[runtime] ?? runtime;
}

const placeOf = (point: Point, cost: number, costText: string, series: ReadonlyMap<string, number>): Place => ({
  cost,
  accuracy: point.accuracy.value,
  series: series.get(point.method)!,
  label: bitsText(point.bits).replace(" bits", ""),
  tip: `${point.method}, ${bitsText(point.bits)}: ${percent(point.accuracy.value)}, ${costText}`,
});

const floatPlace = ({ floatAccuracy }: Case, cost: number, costText: string, label: string): Place => ({
  cost,
  accuracy: floatAccuracy.value,
  series: FLOAT_SERIES,
  label,
  tip: `${label === "float" ? "float" : `float in ${label}`}: ${percent(floatAccuracy.value)}, ${costText}`,
});

/** A panel of accuracy against cost. Accuracies below the shown range are left out here; the chart of bits has them. */
function tradeoffPanel(each: Case, places: readonly Place[], label: string, format: (value: number) => string): string {
  const domain = accuracyDomain(each);
  const edge = domain[0] + 0.02 * (domain[1] - domain[0]);
  const shown = places.filter(({ accuracy }) => 100 * accuracy >= edge);
  const costs = shown.map(({ cost }) => cost);
  const x = logAxis({
    domain: [Math.min(...costs) / 1.25, Math.max(...costs) * 1.35],
    label,
    format: (value) => shortly(format(value)),
  });
  const y = linearAxis("y", { domain, label: "accuracy, %" });
  const at = ({ cost, accuracy }: Place): [number, number] => [x.scale(cost), y.scale(100 * accuracy)];
  const front = paretoFront(
    shown,
    ({ cost }) => cost,
    ({ accuracy }) => accuracy,
  );
  const steps = front.map((place, i) => {
    const [px, py] = at(place);
    return i === 0 ? `M${fixed(px)},${fixed(py)}` : `H${fixed(px)}V${fixed(py)}`;
  });
  const labelled = [...new Set([...shown.filter(({ series }) => series === FLOAT_SERIES), ...front])];
  const texts = placedLabels(
    labelled.map((place) => ({ at: at(place), text: place.label })),
    shown.map(at),
    [panel.left, panel.width],
  );
  return panelSvg(
    x,
    y,
    `Accuracy of ${each.title} against ${label}: ${shown.map(({ tip }) => tip).join("; ")}. On the Pareto front: ${front.map(({ tip }) => tip).join("; ")}.`,
    `<path class="front" d="${steps.join("")}"/>${shown.map((place) => marker(place.series, at(place), place.tip)).join("")}`,
    texts,
  );
}

/** `5 MB` for `5.00 MB`. */
const shortly = (text: string): string => text.replace(/\.0+(?= )/, "").replace(/(\.\d*?)0+(?= )/, "$1");
