/**
 * @file The folder of a study: `plan.json`, and a folder per run with its results, its files and its lock. Files are
 * replaced as a whole, and results come last, so a finished run stays finished whenever the machine stops.
 */

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { readIfPresent } from "../present.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";

export class StudyFolder {
  constructor(readonly path: string) {}

  get planPath(): string {
    return join(this.path, "plan.json");
  }

  hasPlan(): boolean {
    return existsSync(this.planPath);
  }

  /** @throws {UsageError} if there is no plan, or one that is damaged */
  async readPlan(): Promise<StudyPlan> {
    const text = await readIfPresent(this.planPath);
    if (text === undefined)
      throw new UsageError(
        "study-missing",
        { file: this.planPath },
        `${this.path} holds no study: there is no plan.json. Begin with study run or study plan, or give its folder with \`out\`.`,
      );
    try {
      const plan = JSON.parse(text) as StudyPlan;
      if (plan.format === 1) return plan;
    } catch {}
    throw new UsageError(
      "invalid-study",
      { file: this.planPath, faults: ["not a plan"] },
      `${this.planPath} is damaged, or of another version; remove it and plan again. Results of runs are kept.`,
    );
  }

  writePlan(plan: StudyPlan): Promise<void> {
    return writeFileAtomic(this.planPath, `${JSON.stringify(plan, null, 1)}\n`);
  }

  of({ id }: Pick<PlannedRun, "id">): RunFolder {
    return new RunFolder(join(this.path, "runs", id));
  }
}

/** Files of one run. */
export class RunFolder {
  /** Key of the run to which the other files belong. */
  readonly key: string;
  readonly result: string;
  readonly failure: string;
  readonly progress: string;
  /** Predicted class of each test image. */
  readonly predictions: string;
  /** The quantized network. */
  readonly model: string;
  /** Folder of a training, from which it is resumed. */
  readonly work: string;
  /** State of a reconstruction, from which it is resumed. */
  readonly reconstruction: string;
  readonly lock: string;

  constructor(readonly path: string) {
    const file = (name: string) => join(path, name);
    this.key = file("key");
    this.result = file("result.json");
    this.failure = file("failure.json");
    this.progress = file("progress.json");
    this.predictions = file("predictions.json");
    this.model = file("model.sbq");
    this.work = file("work");
    this.reconstruction = file("reconstruction.state");
    this.lock = file("lock");
  }

  /**
   * Removes files of another run with the same name.
   *
   * @throws the error of the system if the key cannot be read: then nobody knows whose files these are, and all are kept
   */
  async begin({ key }: Pick<PlannedRun, "key">): Promise<void> {
    const held = await readIfPresent(this.key);
    if (held === key) return;
    for (const path of [this.result, this.predictions, this.model, this.work, this.reconstruction])
      await rm(path, { recursive: true, force: true });
    await writeFileAtomic(this.key, key);
  }
}
