/**
 * @file The state of a training run as a safetensors file: all tensors that a step changes, and in the metadata the position,
 * the epochs so far, and the settings, so that a run is only resumed as what it was. Random streams derive from seed, epoch and
 * position and need no state of their own.
 */

import { readFile } from "node:fs/promises";
import type { Tensor } from "@subbyte/graph";
import { DataError, MachineError, UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { readSafetensors, writeSafetensors } from "../weights/index.js";

/** One line of the log. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Steps since the start of the run. */
  readonly step: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  /** Mean over the epoch's images, as they were seen, with label smoothing and augmentation. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** Absent where there are no validation images. */
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
  /** Of training. */
  readonly imagesPerSecond: number;
  /** Since the start of the run, over all its interruptions. */
  readonly seconds: number;
}

/** Where a run is. */
export interface TrainingPosition {
  /** Finished epochs. */
  readonly epoch: number;
  /** Finished steps of the present epoch. */
  readonly stepInEpoch: number;
  /** Sums over the present epoch's images. */
  readonly lossSum: number;
  readonly correct: number;
  /** Time spent on steps of the present epoch, and on everything since the start of the run. */
  readonly epochSeconds: number;
  readonly seconds: number;
  readonly history: readonly EpochRecord[];
  /** The best of them so far. */
  readonly best?: EpochRecord;
}

/** What decides a run's outcome, as texts and numbers that can be compared. */
export type RunSettings = Readonly<Record<string, string | number | boolean | null>>;

export interface Checkpoint {
  readonly settings: RunSettings;
  readonly position: TrainingPosition;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const version = "1";

/** @throws {MachineError} where the file cannot be written; an earlier one is then intact. */
export async function writeCheckpoint(path: string, { settings, position, tensors }: Checkpoint): Promise<void> {
  const metadata = {
    "subbyte.checkpoint": version,
    "subbyte.settings": JSON.stringify(settings),
    "subbyte.position": JSON.stringify(position),
  };
  await writeFileAtomic(path, writeSafetensors(tensors, metadata));
}

/** @throws {UsageError} where there is no such file; {DataError} where it is no checkpoint of a training run. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = readSafetensors(await readRunFile(path), `"${path}"`);
  const found = metadata["subbyte.checkpoint"];
  if (found !== version) {
    throw new DataError(
      found === undefined
        ? `"${path}" holds tensors, but is no checkpoint of a training run; start without --resume`
        : `"${path}" is a checkpoint of version ${found}, this program reads version ${version}; start without --resume`,
    );
  }
  return {
    settings: JSON.parse(metadata["subbyte.settings"] ?? "{}") as RunSettings,
    position: JSON.parse(metadata["subbyte.position"]!) as TrainingPosition,
    tensors,
  };
}

/** @throws {UsageError} where there is no such file; {MachineError} where it cannot be read. */
export async function readRunFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new MachineError(`"${path}" could not be read: ${(error as Error).message}`, { cause: error });
    }
    throw new UsageError(
      `there is no file "${path}" to resume from; start without --resume, or give the run's folder`,
      {
        cause: error,
      },
    );
  }
}

/** The setting that holds the hash of the step graph. It also changes with others, and tells people less than they do. */
export const computation = "model and step (hash)";

/** @throws {UsageError} naming every setting that differs between the checkpoint and the run that wants to resume it. */
export function requireSameSettings(path: string, saved: RunSettings, now: RunSettings): void {
  const differing = [...new Set([...Object.keys(saved), ...Object.keys(now)])].filter(
    (name) => saved[name] !== now[name],
  );
  if (differing.length === 0) return;
  const told = differing.length === 1 ? differing : differing.filter((name) => name !== computation);
  throw new UsageError(
    `"${path}" cannot be resumed, as the result would be neither run's: ` +
      `${told.map((name) => `${name} was ${saved[name]}, now ${now[name]}`).join("; ")}. ` +
      "Resume with the same settings, or start without --resume",
  );
}
