/** @file Writes the findings of a report: sentences with figures; each appears only if its figures were measured. */

import { bitsName } from "../../bits-name.js";
import { type Case, mainPoints, type Point, pointsBeside, type ReportData } from "./cases.js";
import { byteSize, milliseconds, percent, points } from "./format.js";
import { choosesRangesAlone, isTrained } from "./methods.js";
import { predecessorOf } from "./predecessor.js";
import { mean } from "./statistics.js";
import { peerName } from "./tradeoff-chart.js";

export interface Findings {
  /** Sentences for all cases together. */
  readonly summary: string;
  /** One paragraph per case. */
  readonly cases: readonly { readonly title: string; readonly text: string }[];
}

export function findings(data: ReportData): Findings {
  return {
    summary: [fourBits(data.cases), space(data.cases), time(data.cases), incomplete(data)].filter(Boolean).join(" "),
    cases: data.cases.map((each) => ({ title: each.title, text: caseText(each) })),
  };
}

/**
 * Loss of accuracy, as a share, up to which 4 bits suffice. A sentence claims it only if the whole 95 % interval of the
 * loss lies below.
 */
const SMALL_LOSS = 0.015;

const mainAt = (each: Case, bits: number): Point | undefined =>
  mainPoints(each).find((point) => point.bits === bitsName(bits));

/** The sentences about 4 bits: by the most thorough method of each case and, if that trains, also without training. */
function fourBits(cases: readonly Case[]): string {
  const measured = cases.flatMap((each) => {
    const point = mainAt(each, 4);
    return point ? [{ each, point }] : [];
  });
  if (measured.length === 0) return fewestBits(cases);
  const untrained = measured.flatMap(({ each, point }) => {
    const without = [point, ...pointsBeside(each, point)].find(({ method, runs }) => !isTrained(method, runs));
    return without ? [{ each, point: without }] : [];
  });
  const isSame = measured.every(({ point }, i) => untrained[i]?.point === point);
  return [fourBitsBy(measured), !isSame && untrained.length > 0 && withoutTraining(untrained)]
    .filter(Boolean)
    .join(" ");
}

/** If there are more cases, a sentence only gives their number. */
const NAMED_CASES = 3;

const listed = (names: readonly string[]): string => new Intl.ListFormat("en-GB").format(names);

interface Measured {
  readonly each: Case;
  readonly point: Point;
}

function fourBitsBy(measured: readonly Measured[]): string {
  const within = measured.filter(({ point }) => point.change.low >= -SMALL_LOSS);
  const beyond = measured.filter(({ point }) => point.change.high < -SMALL_LOSS);
  const open = measured.filter((each) => !within.includes(each) && !beyond.includes(each));
  return [
    within.length > 0 && sufficient(within),
    beyond.length > 0 && insufficient(beyond, within.length > 0),
    uncertain(open),
  ]
    .filter(Boolean)
    .join(" ");
}

const sufficient = (measured: readonly Measured[]): string =>
  `4 bits suffice ${where(measured)}: accuracy changes by ${changesOf(measured)}.`;

function insufficient(measured: readonly Measured[], othersSuffice: boolean): string {
  if (!othersSuffice) return `With 4 bits, accuracy changes by ${changesOf(measured)}.`;
  const isQuick = measured.every(({ point: { method, runs } }) => choosesRangesAlone(method, runs));
  const alone = isQuick ? ", if only ranges are chosen" : "";
  return `4 bits do not suffice ${where(measured)}${alone}: accuracy changes by ${changesOf(measured)}.`;
}

/** The sentence about cases with too few test images to tell: a small loss and a large one both lie within the interval. */
function uncertain(measured: readonly Measured[]): string {
  if (measured.length === 0) return "";
  const [{ point }] = measured as readonly [Measured];
  const interval =
    measured.length === 1
      ? `; with so few images, the true change may lie between ${points(point.change.low)} and ${points(point.change.high)} points`
      : "; with so few test images, the true changes may be larger or smaller";
  return `Whether 4 bits suffice ${where(measured)} is uncertain: accuracy changes by ${changesOf(measured)}${interval}.`;
}

function where(measured: readonly Measured[]): string {
  if (measured.length > NAMED_CASES) return `in ${measured.length} cases`;
  const trained = measured.filter(({ point: { method, runs } }) => isTrained(method, runs));
  const isMixed = trained.length > 0 && trained.length < measured.length;
  const names = measured.map((entry) =>
    isMixed && trained.includes(entry) ? `${entry.each.title} (after quantization-aware training)` : entry.each.title,
  );
  return `for ${listed(names)}`;
}

const withoutTraining = (measured: readonly Measured[]): string =>
  `Without quantization-aware training, accuracy changes by ${changesOf(measured)}.`;

function changesOf(measured: readonly Measured[]): string {
  const changes = measured.map(({ point }) => point.change.value);
  const worst = measured.reduce((a, b) => (b.point.change.value < a.point.change.value ? b : a));
  const { each, point } = worst;
  return measured.length === 1
    ? `${points(changes[0]!)} points against float (${percent(point.accuracy.value)} of ${point.runs[0]!.result.accuracy!.images.toLocaleString("en")} test images, ${point.method})`
    : `${points(mean(changes))} points against float on average and ${points(Math.min(...changes))} at worst (${each.title}, ${point.method})`;
}

/** The sentence if 4 bits have not been measured: the loss with the fewest bits in each case. */
function fewestBits(cases: readonly Case[]): string {
  const found = cases.flatMap((each) => {
    const point = mainPoints(each).at(-1);
    return point ? [{ each, point }] : [];
  });
  if (found.length === 0) return "";
  const parts = found.map(
    ({ each, point }) => `${points(point.change.value)} points for ${each.title} at ${shortBits(point.bits)}`,
  );
  return `4 bits have not been measured. With the fewest bits that have, accuracy changes by ${parts.join(", ")}.`;
}

/** The sentence about the sizes of files, compared with float and with 8 bits. */
function space(cases: readonly Case[]): string {
  const ratios = cases.flatMap((each) => {
    const [four, eight] = [mainAt(each, 4), mainAt(each, 8)];
    return four && eight
      ? [{ float: each.float.result.model!.bytes / four.bytes, eight: eight.bytes / four.bytes }]
      : [];
  });
  if (ratios.length === 0) return "";
  return (
    `Files with 4 bits are ${range(ratios.map(({ float }) => float))} times smaller than float files ` +
    `and ${range(ratios.map(({ eight }) => eight))} times smaller than files with 8 bits.`
  );
}

function time(cases: readonly Case[]): string {
  const measured = cases.flatMap((each) => {
    const [four, eight, peer] = [mainAt(each, 4)?.milliseconds, mainAt(each, 8)?.milliseconds, fastestPeer(each)];
    return four !== undefined && eight !== undefined ? [{ four, eight, peer }] : [];
  });
  if (measured.length === 0) return "";
  const eight = `Measured side by side, 4 bits take ${range(
    measured.map((each) => each.four / each.eight),
    2,
  )} of the time of 8 bits`;
  const peers = measured.flatMap(({ four, peer }) => (peer ? [peer.milliseconds / four] : []));
  return peers.length === 0
    ? `${eight}.`
    : `${eight} and are ${range(peers)} times as fast as float in the fastest other runtime.`;
}

/** The runtime that is fastest with the float network. */
export function fastestPeer({ latency }: Case) {
  const peers = latency?.result.latency?.filter(({ bits }) => bits === undefined) ?? [];
  return peers.length === 0 ? undefined : peers.reduce((a, b) => (b.milliseconds < a.milliseconds ? b : a));
}

function incomplete({ studies, missing }: ReportData): string {
  if (missing.length === 0) return "";
  const failed = missing.filter(({ state }) => state === "failed").length;
  const planned = missing.length + studies.reduce((sum, { runs }) => sum + runs.length, 0);
  return (
    `${missing.length} of the ${planned} planned runs ${missing.length === 1 ? "is" : "are"} not finished` +
    `${failed > 0 ? `, and ${failed} of them failed` : ""}; these figures leave ${missing.length === 1 ? "it" : "them"} out.`
  );
}

/** How sentences choose among methods. */
export const CHOICE =
  "Where several methods were measured, sentences give the figures of the most thorough one: quantization-aware training before learned " +
  "rounding (reconstruct) before ranges alone (mse, minmax). This order was fixed in advance; no test image decides which method is named.";

/** Bit widths that a paragraph mentions; if none of them was measured, it mentions all that were. */
const NAMED_BITS = [8, 4, 2].map((bits) => bitsName(bits));

function caseText(each: Case): string {
  const { float, floatAccuracy } = each;
  const images = float.result.accuracy!.images.toLocaleString("en");
  const sentences = [
    `Float has ${percent(floatAccuracy.value)} of ${images} test images (95 % interval ${percent(floatAccuracy.low)} to ${percent(floatAccuracy.high)}) in ${byteSize(float.result.model!.bytes)}.`,
  ];
  const main = mainPoints(each);
  const named = main.filter(({ bits }) => NAMED_BITS.includes(bits));
  if (main.length > 0)
    sentences.push(
      `Quantized, it has ${(named.length > 0 ? named : main).map((point) => bitsText(each, point)).join(", ")}.`,
    );
  const [four, peer] = [mainAt(each, 4)?.milliseconds, fastestPeer(each)];
  if (four !== undefined && peer !== undefined)
    sentences.push(
      `One image takes ${milliseconds(four)} at 4 bits and ${milliseconds(peer.milliseconds)} in float with ${peerName(peer.contestant)}.`,
    );
  const theirs = predecessorOf(each);
  const [own, before] = [mainAt(each, 4), theirs?.figures.filter(({ bits, invalid }) => bits === 4 && !invalid)];
  if (own && before && before.length > 0)
    sentences.push(
      `The predecessor had ${before.map(({ accuracy, method }) => `${percent(accuracy)} (${method})`).join(" and ")} at 4 bits, from ${percent(theirs!.float)} in float.`,
    );
  return sentences.join(" ");
}

/** The accuracy of the most thorough method, and those of the others. */
function bitsText(each: Case, point: Point): string {
  const { bits, method, accuracy, change, bytes } = point;
  const beside = pointsBeside(each, point).map((other) => `${other.method} ${percent(other.accuracy.value)}`);
  const others = beside.length > 0 ? `; ${beside.join(", ")}` : "";
  return `${percent(accuracy.value)} at ${shortBits(bits)} by ${method} (${points(change.value)} points, ${byteSize(bytes)}${others})`;
}

const shortBits = (bits: string): string => bits.replace(/^w(\d+)a\1$/, "$1 bits");

/** `7.9` or `7.1 to 7.9` */
function range(values: readonly number[], digits = 1): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return low === high ? low! : `${low} to ${high}`;
}
