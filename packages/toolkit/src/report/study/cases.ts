/** @file The data of a report: results of studies, grouped by case (a network and a data set). */

import type { FinishedRun, MissingRun, StudyResults } from "../../study/merge.js";
import { thoroughness } from "./methods.js";
import { caseTitle } from "./names.js";
import { change, type Interval, mean, pairedChange, wilson } from "./statistics.js";

/** All seeds of one method at one bit width. */
export interface Point {
  readonly method: string;
  /** Name of the bit width, such as `w4a4`. */
  readonly bits: string;
  /** Position on the axis of bits; undefined if it has none. */
  readonly position: number | undefined;
  readonly runs: readonly FinishedRun[];
  /** Mean over the seeds, with Wilson's interval for the test images. */
  readonly accuracy: Interval;
  /** Change of accuracy against float, mean over the seeds. */
  readonly change: Interval;
  /** Share of images with the float network's class, mean over the seeds. */
  readonly agreement: number | undefined;
  /** Size of the largest file among the seeds. */
  readonly bytes: number;
  /** Time per image on the engine with one thread. */
  readonly milliseconds: number | undefined;
}

export interface Case {
  /** Such as `resnet18-cifar10`. */
  readonly id: string;
  /** Such as `ResNet-18 on CIFAR-10`. */
  readonly title: string;
  readonly network: string;
  readonly data: string;
  readonly float: FinishedRun;
  readonly floatAccuracy: Interval;
  readonly methods: readonly string[];
  /** Points by method, then from many bits to few. */
  readonly points: readonly Point[];
  readonly latency: FinishedRun | undefined;
}

export interface ReportData {
  readonly studies: readonly StudyResults[];
  readonly cases: readonly Case[];
  readonly missing: readonly MissingRun[];
}

/** Cases in the order of the studies. Studies with the same case and the same float network share it. */
export function reportData(studies: readonly StudyResults[]): ReportData {
  const cases: Case[] = [];
  const floats = studies.flatMap(({ runs }) => runs.filter(({ kind, result }) => kind === "float" && result.accuracy));
  const seen = new Map<string, readonly FinishedRun[]>();
  for (const float of floats) {
    const id = `${float.network}-${float.data}`;
    const same = seen.get(id) ?? [];
    if (same.some(({ result }) => result.model?.sha256 === float.result.model?.sha256)) continue;
    seen.set(id, [...same, float]);
    const title = caseTitle(float.network, float.data);
    const number = same.length + 1;
    cases.push(
      caseOf(float, studies, number === 1 ? id : `${id}-${number}`, number === 1 ? title : `${title} (${number})`),
    );
  }
  return { studies, cases, missing: studies.flatMap(({ missing }) => missing) };
}

function caseOf(float: FinishedRun, studies: readonly StudyResults[], id: string, title: string): Case {
  const own = studies.flatMap(({ runs }) => (runs.some((each) => isSameFloat(each, float)) ? runs : []));
  const ofCase = own.filter(({ network, data }) => network === float.network && data === float.data);
  const latency = ofCase.findLast(({ kind }) => kind === "latency");
  const quantized = ofCase.filter(({ kind, result }) => kind === "quantized" && result.accuracy);
  const names = [...new Set(quantized.map(({ method, bits }) => `${method} ${bits}`))];
  const points = names.map((name) =>
    pointOf(latest(quantized.filter(({ method, bits }) => `${method} ${bits}` === name)), float, latency),
  );
  const methods = [...new Set(points.map(({ method }) => method))];
  const { top1, images } = float.result.accuracy!;
  return {
    id,
    title,
    network: float.network,
    data: float.data,
    float,
    floatAccuracy: wilson(top1, images),
    methods,
    points: points.toSorted(
      (a, b) => methods.indexOf(a.method) - methods.indexOf(b.method) || (b.position ?? 0) - (a.position ?? 0),
    ),
    latency,
  };
}

const isSameFloat = (run: FinishedRun, float: FinishedRun): boolean =>
  run.kind === "float" &&
  run.network === float.network &&
  run.data === float.data &&
  run.result.model?.sha256 === float.result.model?.sha256;

/** The latest run of each seed. */
const latest = (runs: readonly FinishedRun[]): readonly FinishedRun[] => [
  ...new Map(runs.map((run) => [run.seed, run])).values(),
];

function pointOf(runs: readonly FinishedRun[], float: FinishedRun, latency: FinishedRun | undefined): Point {
  const [{ method, bits, position }] = runs as readonly [FinishedRun];
  const { top1, images } = float.result.accuracy!;
  const changes = runs.map(({ result: { agreement, accuracy } }): Interval => {
    if (agreement) return pairedChange(agreement.lost, agreement.gained, images);
    return change(top1, accuracy!.top1, images);
  });
  const agreements = runs.flatMap(({ result }) => (result.agreement ? [result.agreement.share] : []));
  return {
    method: method!,
    bits: bits!,
    position,
    runs,
    accuracy: wilson(mean(runs.map(({ result }) => result.accuracy!.top1)), images),
    change: {
      value: mean(changes.map(({ value }) => value)),
      low: mean(changes.map(({ low }) => low)),
      high: mean(changes.map(({ high }) => high)),
    },
    agreement: agreements.length > 0 ? mean(agreements) : undefined,
    bytes: Math.max(...runs.map(({ result }) => result.model!.bytes)),
    milliseconds: latency?.result.latency?.find((each) => each.bits === bits)?.milliseconds,
  };
}

/**
 * The most thorough method at each bit width, from many bits to few: the one that sentences and tables mention. The order of
 * methods is fixed in advance, so that no test image has a part in the choice.
 */
export function mainPoints({ points }: Pick<Case, "points">): readonly Point[] {
  const main = new Map<string, Point>();
  for (const point of points) {
    const known = main.get(point.bits);
    if (known === undefined || effortOf(point) >= effortOf(known)) main.set(point.bits, point);
  }
  return [...main.values()].toSorted((a, b) => (b.position ?? 0) - (a.position ?? 0));
}

const effortOf = ({ method, runs }: Point): number => thoroughness(method, runs);

/** The other methods at a point's bit width, the more thorough ones first. */
export const pointsBeside = ({ points }: Pick<Case, "points">, point: Point): readonly Point[] =>
  points.filter((other) => other.bits === point.bits && other !== point).toSorted((a, b) => effortOf(b) - effortOf(a));

/** Built-in architecture of a case's network; undefined if it has none. */
export const architectureOf = ({ float: { steps } }: Pick<Case, "float">): string | undefined =>
  steps.map(({ options }) => options.arch as string | undefined).find((arch) => arch !== undefined);
