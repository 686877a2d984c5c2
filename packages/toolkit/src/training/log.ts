/** @file The per-epoch CSV of a training run. */

import type { EpochRecord } from "./position.js";

/** Names in the file, fields of the record, and the number of decimals if not all are written. */
const columns: readonly (readonly [name: string, field: keyof EpochRecord, decimals?: number])[] = [
  ["epoch", "epoch"],
  ["step", "step"],
  ["learning_rate", "learningRate"],
  ["train_loss", "trainLoss"],
  ["train_accuracy", "trainAccuracy"],
  ["val_loss", "validationLoss"],
  ["val_accuracy", "validationAccuracy"],
  ["images_per_second", "imagesPerSecond", 1],
  ["seconds", "seconds", 2],
];

const cell = (value: number | undefined, decimals: number | undefined): string =>
  value === undefined ? "" : String(decimals === undefined ? value : Number(value.toFixed(decimals)));

/** A heading and one line per epoch. Fields that were not measured are empty; numbers can be read back exactly. */
export const trainingLog = (history: readonly EpochRecord[]): string =>
  [
    columns.map(([name]) => name).join(","),
    ...history.map((record) => columns.map(([, field, decimals]) => cell(record[field], decimals)).join(",")),
    "",
  ].join("\n");

/** Reads the text of `trainingLog`; undefined for any other text. */
export function parseTrainingLog(text: string): readonly EpochRecord[] {
  const [head, ...lines] = text.split("\n").filter((line) => line !== "");
  if (head !== columns.map(([name]) => name).join(",")) return [];
  return lines.map((line) => {
    const values = line.split(",");
    const entries = columns.map(([, field], i) => [field, values[i]!] as const).filter(([, value]) => value !== "");
    return Object.fromEntries(entries.map(([field, value]) => [field, Number(value)])) as unknown as EpochRecord;
  });
}
