/** @file Results of studies as `study merge` gives them, made up for tests of reports. */

import type { FinishedRun, MissingRun, StudyResults } from "../study/merge.js";
import type { EpochRecord } from "../training/index.js";

const CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/** A confusion matrix of 1,000 images of each class, whose errors go to the next class. */
const confusionOf = (top1: number): number[][] => {
  const right = Math.round(1000 * top1);
  return CLASSES.map((_, i) => CLASSES.map((__, j) => (i === j ? right : j === (i + 1) % 10 ? 1000 - right : 0)));
};

const historyOf = (epochs: number): EpochRecord[] =>
  Array.from({ length: epochs }, (_, i) => ({
    epoch: i + 1,
    step: 10 * (i + 1),
    learningRate: 0.1,
    trainLoss: 2 / (i + 1),
    trainAccuracy: 0.5,
    validationAccuracy: 0.9 - 0.5 / (i + 1),
    validationLoss: 1,
    imagesPerSecond: 100,
    seconds: i,
  }));

interface Made {
  readonly method: string;
  readonly bits: number;
  readonly seed?: number;
  readonly top1: number;
  readonly epochs?: number;
}

export interface MadeStudy {
  readonly name?: string;
  readonly network?: string;
  readonly data?: string;
  readonly arch?: string;
  readonly float?: number;
  readonly floatHash?: string;
  /** Number of test images, 10,000 by default. */
  readonly images?: number;
  readonly made: readonly Made[];
  /** Milliseconds by bit width, and of `ort-web-float32`. */
  readonly latency?: { readonly own: Readonly<Record<number, number>>; readonly peer: number };
  readonly missing?: readonly MissingRun[];
}

export function studyResults(study: MadeStudy): StudyResults {
  const {
    name = "made",
    network = "net",
    data = "photos",
    arch = "resnet18",
    float = 0.9,
    images = 10_000,
    made,
    latency,
  } = study;
  const runs: FinishedRun[] = [];
  const add = (run: Partial<FinishedRun> & Pick<FinishedRun, "kind" | "result">): void => {
    const id = [network, data, run.method ?? run.kind, run.bits, run.seed]
      .filter((part) => part !== undefined)
      .join("-");
    runs.push({
      index: runs.length,
      id,
      network,
      data,
      seed: 0,
      steps: [{ task: "evaluate", options: { arch, data } }],
      needs: [],
      key: `${name} ${id}`,
      commands: [`subbyte evaluate ${id}.sbq --data '${data}'`],
      software: { version: "1.0.0", commit: { hash: "0123456789abcdef", dirty: false } },
      machine: { cpu: "a processor", node: "v20" },
      date: "2026-01-02T03:04:05.000Z",
      seconds: 10,
      cpuSeconds: 20,
      peakMemoryBytes: 1e8,
      ...run,
    });
  };
  const accuracy = (top1: number) => ({
    images,
    split: "test",
    top1,
    top5: 0.99,
    topK: 5,
    loss: 0.5,
    classes: CLASSES,
    confusion: confusionOf(top1),
  });
  const floatResult = { model: { sha256: study.floatHash ?? "f".repeat(64), bytes: 40e6 }, accuracy: accuracy(float) };
  add({ kind: "float", result: { ...floatResult, history: historyOf(4), bestEpoch: 4, notes: [] } });
  for (const { method, bits, seed = 0, top1, epochs } of made) {
    const difference = Math.round(images * (float - top1));
    const lost = Math.max(0, difference + images / 200);
    const gained = lost - difference;
    add({
      kind: "quantized",
      method,
      bits: `w${bits}a${bits}`,
      position: bits,
      seed,
      result: {
        model: { sha256: `${bits}`.repeat(64).slice(0, 64), bytes: 1.25e6 * bits },
        accuracy: accuracy(top1),
        agreement: { share: 1 - (lost + gained) / images, lost, gained },
        ...(epochs === undefined ? {} : { history: historyOf(epochs), bestEpoch: epochs }),
        notes: [],
      },
    });
  }
  if (latency)
    add({
      kind: "latency",
      result: {
        latency: [
          ...Object.entries(latency.own).map(([bits, milliseconds]) => ({
            contestant: `own-w${bits}a${bits}`,
            bits: `w${bits}a${bits}`,
            ...times(milliseconds),
          })),
          { contestant: "ort-web-float32", ...times(latency.peer) },
        ],
        conditions: { browser: "Chromium 1", threads: "1" },
        notes: [],
      },
    });
  return {
    format: 1,
    name,
    title: `The study ${name}`,
    description: "Made up for a test.",
    inputs: { "photos.tgz": "a".repeat(64) },
    runs,
    missing: study.missing ?? [],
  };
}

const times = (milliseconds: number) => ({
  milliseconds,
  fastestMilliseconds: milliseconds,
  cpuMilliseconds: milliseconds,
  turns: 5,
});
