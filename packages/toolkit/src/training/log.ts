/** @file The per-epoch CSV of a training run. */

import type { EpochRecord } from "./position.js";

const columns: readonly (readonly [string, (record: EpochRecord) => number | undefined])[] = [
  ["epoch", ({ epoch }) => epoch],
  ["step", ({ step }) => step],
  ["learning_rate", ({ learningRate }) => learningRate],
  ["train_loss", ({ trainLoss }) => trainLoss],
  ["train_accuracy", ({ trainAccuracy }) => trainAccuracy],
  ["val_loss", ({ validationLoss }) => validationLoss],
  ["val_accuracy", ({ validationAccuracy }) => validationAccuracy],
  ["images_per_second", ({ imagesPerSecond }) => round(imagesPerSecond, 1)],
  ["seconds", ({ seconds }) => round(seconds, 2)],
];

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** A heading and one line an epoch; what was not measured is empty. Numbers are written so that they read back exactly. */
export const trainingLog = (history: readonly EpochRecord[]): string =>
  [
    columns.map(([name]) => name).join(","),
    ...history.map((record) => columns.map(([, value]) => value(record) ?? "").join(",")),
    "",
  ].join("\n");
