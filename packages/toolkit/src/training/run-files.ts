/**
 * @file The files of a run, in its folder: `checkpoint.safetensors` to resume from, `last.safetensors` and `best.safetensors`
 * with the model's tensors alone, `log.csv`. Each is replaced as a whole, the checkpoint last: whenever the machine stops, the
 * checkpoint is one from which the others come out again.
 */

import { join } from "node:path";
import type { Graph } from "@subbyte/graph";
import { writeFileAtomic } from "../files.js";
import { readSafetensors, writeSafetensors } from "../weights/index.js";
import { type Checkpoint, readCheckpoint, readRunFile, writeCheckpoint } from "./checkpoint.js";
import { trainingLog } from "./log.js";
import { modelTensors } from "./parameters.js";
import type { EpochRecord, TrainingPosition } from "./position.js";

export class RunFiles {
  constructor(
    readonly folder: string,
    private readonly metadata: Readonly<Record<string, string>>,
  ) {}

  get checkpointPath(): string {
    return join(this.folder, "checkpoint.safetensors");
  }

  readCheckpoint(): Promise<Checkpoint<TrainingPosition>> {
    return readCheckpoint(this.checkpointPath, "training run");
  }

  writeCheckpoint(checkpoint: Checkpoint<TrainingPosition>): Promise<void> {
    return writeCheckpoint(this.checkpointPath, "training run", checkpoint);
  }

  async writeWeights(name: "last" | "best", graph: Graph, { epoch, validationAccuracy }: EpochRecord): Promise<void> {
    const metadata = {
      ...this.metadata,
      epoch: String(epoch),
      ...(validationAccuracy === undefined ? {} : { top1: String(validationAccuracy) }),
    };
    await writeFileAtomic(this.#weightsPath(name), writeSafetensors(modelTensors(graph), metadata));
  }

  /** `graph` with the tensors of a file that `writeWeights` wrote. */
  async readWeights(name: "best", graph: Graph): Promise<Graph> {
    const path = this.#weightsPath(name);
    const { tensors } = readSafetensors(await readRunFile(path), `"${path}"`);
    return { ...graph, tensors: new Map([...graph.tensors].map(([key, own]) => [key, tensors.get(key) ?? own])) };
  }

  writeLog(history: readonly EpochRecord[]): Promise<void> {
    return writeFileAtomic(join(this.folder, "log.csv"), trainingLog(history));
  }

  #weightsPath(name: string): string {
    return join(this.folder, `${name}.safetensors`);
  }
}
