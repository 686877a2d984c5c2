/**
 * @file The files in the folder of a run: `checkpoint.safetensors` to resume from, `last.safetensors` and
 * `best.safetensors` with only the tensors of the model, and `log.csv`. Each is replaced as a whole, the checkpoint
 * last. Whenever the machine stops, the others can be made again from the checkpoint.
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Graph } from "@subbyte/graph";
import { DataError, UsageError } from "../errors.js";
import { renameFile, writeFileAtomic } from "../files.js";
import { readSafetensors, writeSafetensors } from "../weights/index.js";
import { type Checkpoint, readCheckpoint, readIfAny, readRunFile, writeCheckpoint } from "./checkpoint.js";
import { trainingLog } from "./log.js";
import { modelTensors } from "./parameters.js";
import { type EpochRecord, type TrainingPosition, trainingRun } from "./position.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const checkpointIn = (folder: string): string => join(folder, "checkpoint.safetensors");

/** Whether a folder holds a run that can be resumed. */
export const hasCheckpoint = (folder: string): boolean => existsSync(checkpointIn(folder));

export class RunFiles {
  constructor(
    readonly folder: string,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {}

  get checkpointPath(): string {
    return checkpointIn(this.folder);
  }

  /** @throws {UsageError} if the folder holds the checkpoint of an earlier run. */
  requireUnused(): void {
    if (!hasCheckpoint(this.folder)) return;
    throw new UsageError(
      "folder-in-use",
      { file: this.folder, reason: "the checkpoint of an earlier run" },
      `"${this.folder}" holds the checkpoint of an earlier run: go on from it with \`resume\`, choose another folder with ` +
        "`out`, or give `overwrite` to lose it",
    );
  }

  readCheckpoint(): Promise<Checkpoint<TrainingPosition>> {
    return readCheckpoint(this.checkpointPath, trainingRun);
  }

  writeCheckpoint(checkpoint: Checkpoint<TrainingPosition>): Promise<void> {
    return writeCheckpoint(this.checkpointPath, trainingRun, checkpoint);
  }

  /**
   * Writes weights. The best ones get their name `best.safetensors` only by `adoptBest`, when a checkpoint refers to them:
   * until then, an interrupted run continues from a checkpoint that needs the earlier ones.
   *
   * @returns the file's SHA-256
   */
  async writeWeights(name: "last" | "best", graph: Graph, { epoch, validationAccuracy }: EpochRecord): Promise<string> {
    const metadata = {
      ...this.metadata,
      epoch: String(epoch),
      ...(validationAccuracy === undefined ? {} : { top1: String(validationAccuracy) }),
    };
    const bytes = writeSafetensors(modelTensors(graph), metadata);
    await writeFileAtomic(name === "best" ? this.#nextBestPath : this.#weightsPath(name), bytes);
    return sha256(bytes);
  }

  /**
   * `graph` with the best weights, which `writeWeights` wrote.
   *
   * @throws {DataError} if the file has another SHA-256 than `hash`.
   */
  async readBest(graph: Graph, hash: string | undefined): Promise<Graph> {
    const path = this.#weightsPath("best");
    const next = await readIfAny(this.#nextBestPath);
    if (next && sha256(next) === hash) await this.adoptBest();
    const bytes = await readRunFile(path);
    if (hash !== undefined && sha256(bytes) !== hash)
      throw new DataError(
        "wrong-checkpoint",
        { file: path, reason: "not the file that belongs to the checkpoint" },
        `"${path}" is not the file that belongs to "${this.checkpointPath}"; restore it from a copy, or start without \`resume\``,
      );
    const { tensors } = readSafetensors(bytes, `"${path}"`);
    return { ...graph, tensors: new Map([...graph.tensors].map(([key, own]) => [key, tensors.get(key) ?? own])) };
  }

  /** Renames the best weights that `writeWeights` wrote last to their final name. */
  adoptBest(): Promise<void> {
    return renameFile(this.#nextBestPath, this.#weightsPath("best"));
  }

  /** Removes best weights to which no checkpoint refers. */
  async dropNextBest(): Promise<void> {
    await rm(this.#nextBestPath, { force: true });
  }

  get #nextBestPath(): string {
    return join(this.folder, ".best-next.safetensors");
  }

  writeLog(history: readonly EpochRecord[]): Promise<void> {
    return writeFileAtomic(join(this.folder, "log.csv"), trainingLog(history));
  }

  #weightsPath(name: "last" | "best"): string {
    return join(this.folder, `${name}.safetensors`);
  }
}
