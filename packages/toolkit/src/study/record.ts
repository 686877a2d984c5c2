/** @file The result of a run in its folder, with a checksum: a file that was cut off or changed is ignored. */

import { createHash } from "node:crypto";
import { writeFileAtomic } from "../files.js";
import { readIfPresent } from "../present.js";
import type { Software } from "../tasks/run.js";
import type { EpochRecord } from "../training/index.js";
import type { Agreement } from "./agreement.js";
import type { PlannedRun } from "./planned-run.js";

/** Accuracy of a network on the test images; quantized networks are measured on the integer engine. */
export interface Measured {
  readonly images: number;
  readonly split: string;
  readonly top1: number;
  readonly top5: number;
  readonly topK: number;
  readonly loss: number;
  readonly classes: readonly string[];
  /** `confusion[label][predicted]`, for at most 100 classes. */
  readonly confusion?: readonly (readonly number[])[];
}

/** Speed of one contestant on one image, from RGB bytes to logits. */
export interface MeasuredLatency {
  /** Such as `own-w4a4` or `ort-web-float32`. */
  readonly contestant: string;
  /** Name of the bit width, for our engine. */
  readonly bits?: string;
  readonly milliseconds: number;
  readonly fastestMilliseconds: number;
  readonly cpuMilliseconds?: number;
  readonly turns: number;
}

export interface RunResult {
  /** SHA-256 and size of the network's file. */
  readonly model?: { readonly sha256: string; readonly bytes: number };
  readonly accuracy?: Measured;
  /** Agreement with the float network, image by image. */
  readonly agreement?: Agreement;
  /** Epochs of a training. */
  readonly history?: readonly EpochRecord[];
  /** Epoch whose weights were kept; 0 if those before training were. */
  readonly bestEpoch?: number;
  /** The trainings of a chain. */
  readonly stages?: readonly {
    readonly bits: number;
    readonly history: readonly EpochRecord[];
    readonly bestEpoch: number;
  }[];
  readonly latency?: readonly MeasuredLatency[];
  /** The browser, and the load of the machine; only for latency. */
  readonly conditions?: Readonly<Record<string, string>>;
  /** Sentences of the tasks about the result. */
  readonly notes: readonly string[];
}

export interface RunRecord {
  readonly format: 1;
  readonly id: string;
  readonly key: string;
  /** Equivalent commands, with paths as in the study. */
  readonly commands: readonly string[];
  readonly software?: Software;
  readonly machine: Readonly<Record<string, string>>;
  /** End of the run, ISO 8601. */
  readonly date: string;
  /** Seconds since its last start. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Peak memory of the process so far. */
  readonly peakMemoryBytes: number;
  readonly result: RunResult;
}

export type ReadRecord =
  | { readonly state: "done"; readonly record: RunRecord }
  /** The file was cut off or changed, belongs to other settings, or does not exist. */
  | { readonly state: "damaged" | "outdated" | "absent" };

/** @throws the error of the system if the file exists but cannot be read, because the run may be finished */
export async function readRecord(path: string, { key }: Pick<PlannedRun, "key">): Promise<ReadRecord> {
  const text = await readIfPresent(path);
  if (text === undefined) return { state: "absent" };
  const record = parseChecked(text);
  if (record === undefined) return { state: "damaged" };
  return record.key === key ? { state: "done", record } : { state: "outdated" };
}

export const writeRecord = (path: string, record: RunRecord): Promise<void> =>
  writeFileAtomic(path, `${JSON.stringify({ ...record, sha256: checksum(record) })}\n`);

function parseChecked(text: string): RunRecord | undefined {
  try {
    const { sha256, ...record } = JSON.parse(text) as RunRecord & { readonly sha256: string };
    return record.format === 1 && sha256 === checksum(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

const checksum = (record: RunRecord): string => createHash("sha256").update(JSON.stringify(record)).digest("hex");
