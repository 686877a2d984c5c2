/** @file The training loop: epochs, validation, log, checkpoints, interruption and resumption. */

import { availableParallelism } from "node:os";
import { expandForInference, type Graph, inferTypes, type Tensor } from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import type { Augmentation, Batch, ImageSet } from "../data/types.js";
import { DataError, FailedRunError, InterruptedError, UsageError } from "../errors.js";
import { type ClassifierResult, evaluateClassifier } from "../evaluation/evaluate.js";
import { floatClassifier } from "../evaluation/float-classifier.js";
import { type Checkpoint, computation, type RunSettings, requireSameSettings } from "./checkpoint.js";
import { buildTrainingStep, type TrainingStep, type TrainingStepOptions } from "./classifier-step.js";
import { imageIdentity } from "./image-identity.js";
import { crossEntropyLoss } from "./losses/index.js";
import { createOptimizer } from "./optimizers/index.js";
import type { EpochRecord, TrainingPosition } from "./position.js";
import { SpeedMeter, type TrainProgress } from "./progress.js";
import { RunFiles } from "./run-files.js";
import { type LearningRateOptions, learningRateAt } from "./schedules.js";

export interface TrainOptions extends TrainingStepOptions {
  readonly graph: Graph;
  readonly images: ImageSet;
  /** Evaluated after every epoch; decides which epoch is the best. */
  readonly validation?: ImageSet;
  readonly epochs: number;
  readonly rate: LearningRateOptions;
  /** Per channel, of pixel / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly augmentation?: Augmentation;
  /** Of order and augmentation; 0 by default. */
  readonly seed?: number;
  /** Folder for checkpoints, weights and the log; nothing is written where absent. */
  readonly out?: string;
  /** Steps between checkpoints inside an epoch; one at the end of each epoch is always written. */
  readonly checkpointEvery?: number;
  /** Goes on from the checkpoint in `out`; the result equals that of a run never stopped, bit for bit. */
  readonly resume?: boolean;
  /** Stored in the files of weights. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Ends the run after the step at hand, with a checkpoint. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
}

export interface TrainResult {
  /** After the last step. */
  readonly graph: Graph;
  /** After the epoch of the highest validation accuracy (the lower loss decides among equals); the last one without validation. */
  readonly best: { readonly graph: Graph; readonly epoch: number };
  readonly history: readonly EpochRecord[];
  /** Of the last epoch. */
  readonly validation?: ClassifierResult;
}

/**
 * Trains a classifier graph: one image input `[N, C, H, W]`, logits as first output.
 *
 * @throws {UsageError} where options do not fit each other, the images, or the checkpoint to resume.
 * @throws {InterruptedError} when `signal` fires, after the step at hand; {FailedRunError} when the loss is no longer finite.
 * @throws {MachineError} where a file cannot be written. Files written before are intact in all cases.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const run = await TrainingRun.start(options);
  try {
    return await run.finish();
  } finally {
    await run.release();
  }
}

class TrainingRun {
  readonly #speed = new SpeedMeter();
  #position: TrainingPosition = emptyPosition;
  #best: Graph | undefined;
  #validation: ClassifierResult | undefined;

  private constructor(
    private readonly options: TrainOptions,
    private readonly batchSize: number,
    private readonly step: TrainingStep,
    private readonly settings: RunSettings,
    private readonly files: RunFiles | undefined,
  ) {}

  static async start(given: TrainOptions): Promise<TrainingRun> {
    checkOptions(given);
    const files = given.out === undefined ? undefined : new RunFiles(given.out, given.metadata ?? {});
    if (given.resume && !files) throw new UsageError("to resume a run, give the folder that it wrote to (--out)");
    const checkpoint = given.resume ? await files!.readCheckpoint() : undefined;
    // Sums over many elements are split by thread, so their last bits depend on how many there are.
    const threads = given.session?.threads ?? Number(checkpoint?.settings.threads ?? availableParallelism());
    const options = { ...given, session: { ...given.session, threads } };
    const batchSize = Math.min(options.batchSize, options.images.length);
    const step = await buildTrainingStep(options.graph, { ...options, batchSize });
    const settings = { ...(files ? await settingsOf(options, batchSize, step) : {}), threads };
    const run = new TrainingRun(options, batchSize, step, settings, files);
    try {
      if (checkpoint) await run.#resume(checkpoint);
      return run;
    } catch (error) {
      await run.release();
      throw error;
    }
  }

  async #resume({ settings, position, tensors }: Checkpoint<TrainingPosition>): Promise<void> {
    const files = this.files!;
    requireSameSettings(files.checkpointPath, settings, this.settings);
    this.step.restore(tensors);
    this.#position = position;
    if (position.best) this.#best = await files.readWeights("best", this.options.graph);
  }

  async finish(): Promise<TrainResult> {
    const { epochs } = this.options;
    while (this.#position.epoch < epochs) {
      await this.#finishEpoch();
      await this.#recordEpoch();
    }
    const graph = this.step.trained();
    const { history, best } = this.#position;
    return {
      graph,
      best: { graph: this.#best ?? graph, epoch: best?.epoch ?? epochs },
      history,
      ...(this.#validation ? { validation: this.#validation } : {}),
    };
  }

  release(): Promise<void> {
    return this.step.release();
  }

  get #stepsPerEpoch(): number {
    return Math.floor(this.options.images.length / this.batchSize);
  }

  /** Steps since the start of the run. */
  get #steps(): number {
    return this.#position.epoch * this.#stepsPerEpoch + this.#position.stepInEpoch;
  }

  #learningRate(step: number): number {
    return learningRateAt(this.options.rate, step, this.options.epochs * this.#stepsPerEpoch);
  }

  /** The steps of the present epoch that are left. */
  async #finishEpoch(): Promise<void> {
    const { images, seed = 0, augmentation, checkpointEvery, signal } = this.options;
    let before = performance.now();
    const batches = images.batches({
      batchSize: this.batchSize,
      shuffleSeed: seed,
      epoch: this.#position.epoch,
      startBatch: this.#position.stepInEpoch,
      dropLast: true,
      ...(augmentation ? { augmentation } : {}),
    });
    for await (const batch of batches) {
      await this.#takeStep(batch, before);
      before = performance.now();
      if (signal?.aborted) await this.#interrupt();
      if (checkpointEvery !== undefined && this.#steps % checkpointEvery === 0) await this.#writeCheckpoint();
    }
  }

  async #takeStep({ images, labels, count }: Batch, startMs: number): Promise<void> {
    const { images: set, mean, std } = this.options;
    const { channels, height, width } = set;
    const data = normalize(images, { channels, mean, std, pixels: height * width });
    const learningRate = this.#learningRate(this.#steps);
    const input: Tensor = { dtype: "float32", shape: [count, channels, height, width], data };
    const { loss, correct } = await this.step.run({ images: input, labels }, learningRate, this.#steps + 1);
    if (!Number.isFinite(loss)) throw this.#diverged(`the loss is ${loss}`);
    const seconds = (performance.now() - startMs) / 1000;
    const position = this.#position;
    this.#position = {
      ...position,
      stepInEpoch: position.stepInEpoch + 1,
      lossSum: position.lossSum + loss * count,
      correct: position.correct + correct,
      epochSeconds: position.epochSeconds + seconds,
      seconds: position.seconds + seconds,
    };
    this.#speed.step(seconds);
    this.#report("train", learningRate);
  }

  /** Validates, writes the epoch's files, and moves on to the next one. */
  async #recordEpoch(): Promise<void> {
    const graph = this.step.trained();
    const validation = await this.#validate(graph);
    const { epoch, lossSum, correct, epochSeconds, seconds, history, best } = this.#position;
    const images = this.#stepsPerEpoch * this.batchSize;
    const record: EpochRecord = {
      epoch: epoch + 1,
      step: this.#steps,
      learningRate: this.#learningRate(this.#steps - 1),
      trainLoss: lossSum / images,
      trainAccuracy: correct / images,
      ...(validation ? { validationLoss: validation.loss, validationAccuracy: validation.top1 } : {}),
      imagesPerSecond: images / epochSeconds,
      seconds,
    };
    const isBest = validation !== undefined && isBetter(record, best);
    if (isBest) this.#best = graph;
    this.#position = {
      ...emptyPosition,
      epoch: epoch + 1,
      seconds,
      history: [...history, record],
      ...(isBest ? { best: record } : best ? { best } : {}),
    };
    if (this.files) {
      this.#requireFinite();
      if (isBest) await this.files.writeWeights("best", graph, record);
      await this.files.writeWeights("last", graph, record);
      await this.files.writeLog(this.#position.history);
      await this.#writeCheckpoint();
    }
    this.options.onEpoch?.(record);
  }

  async #validate(graph: Graph): Promise<ClassifierResult | undefined> {
    const { validation, mean, std, signal, session } = this.options;
    if (!validation) return undefined;
    const { channels, height, width } = validation;
    const classifier = await floatClassifier(expandForInference(graph), [channels, height, width], {
      ...session,
      mean,
      std,
    });
    try {
      const rate = this.#learningRate(this.#steps - 1);
      const result = await evaluateClassifier(classifier.classify, validation, {
        batchSize: this.batchSize,
        onProgress: () => this.#report("validate", rate),
        ...(signal ? { signal } : {}),
      });
      this.#speed.validation(result.seconds);
      this.#position = { ...this.#position, seconds: this.#position.seconds + result.seconds };
      this.#validation = result;
      return result;
    } catch (error) {
      if (error instanceof InterruptedError) await this.#interrupt();
      throw error;
    } finally {
      await classifier.close();
    }
  }

  async #interrupt(): Promise<never> {
    await this.#writeCheckpoint();
    const { epoch, stepInEpoch } = this.#position;
    const where = `training stopped in epoch ${epoch + 1} of ${this.options.epochs} after step ${stepInEpoch} of ${this.#stepsPerEpoch}`;
    throw new InterruptedError(
      this.files
        ? `${where}; "${this.files.checkpointPath}" holds its state: the same command with --resume goes on from there`
        : `${where}; nothing was kept, as no output folder was given (--out)`,
    );
  }

  async #writeCheckpoint(): Promise<void> {
    if (!this.files) return;
    this.#requireFinite();
    await this.files.writeCheckpoint({ settings: this.settings, position: this.#position, tensors: this.step.state });
  }

  /** A loss can still be finite while the update after it is not; such a state must not replace a good one. */
  #requireFinite(): void {
    for (const [name, { data }] of this.step.state) {
      if (!(data as Float32Array).every(Number.isFinite)) throw this.#diverged(`"${name}" is no longer finite`);
    }
  }

  #diverged(what: string): FailedRunError {
    const { epoch, stepInEpoch } = this.#position;
    const rate = this.#learningRate(this.#steps);
    const intact = this.files ? ` What was written to "${this.files.folder}" before is intact.` : "";
    return new FailedRunError(
      `training diverged in epoch ${epoch + 1} near step ${stepInEpoch + 1}: ${what}, at the learning rate ${rate.toPrecision(3)} ` +
        `(--lr ${this.options.rate.learningRate}). Lower it, warm up for longer (--warmup), or clip gradients (--clip-norm).${intact}`,
    );
  }

  #report(phase: TrainProgress["phase"], learningRate: number): void {
    const { onProgress, epochs, validation } = this.options;
    const { epoch, stepInEpoch, lossSum, correct } = this.#position;
    const seen = stepInEpoch * this.batchSize;
    onProgress?.({
      phase,
      epoch: epoch + 1,
      epochs,
      step: stepInEpoch,
      steps: this.#stepsPerEpoch,
      loss: lossSum / seen,
      accuracy: correct / seen,
      learningRate,
      imagesPerSecond: this.#speed.stepsPerSecond() * this.batchSize,
      secondsLeft: this.#speed.secondsLeft(epochs * this.#stepsPerEpoch - this.#steps, validation ? epochs - epoch : 0),
    });
  }
}

const emptyPosition: TrainingPosition = {
  epoch: 0,
  stepInEpoch: 0,
  lossSum: 0,
  correct: 0,
  epochSeconds: 0,
  seconds: 0,
  history: [],
};

function isBetter(record: EpochRecord, best: EpochRecord | undefined): boolean {
  if (!best) return true;
  const [accuracy, loss] = [
    record.validationAccuracy! - best.validationAccuracy!,
    best.validationLoss! - record.validationLoss!,
  ];
  return accuracy > 0 || (accuracy === 0 && loss > 0);
}

function checkOptions({ graph, images, epochs, checkpointEvery }: TrainOptions): void {
  if (!(Number.isInteger(epochs) && epochs >= 1))
    throw new UsageError(`epochs must be a whole number from 1, got ${epochs}`);
  if (checkpointEvery !== undefined && !(Number.isInteger(checkpointEvery) && checkpointEvery >= 1)) {
    throw new UsageError(`checkpoints can be written every 1 or more steps, got ${checkpointEvery}`);
  }
  if (images.length === 0) throw new DataError(`"${images.name}" has no ${images.split} images to train on`);
  const classes = inferTypes(graph).get(graph.outputs[0]!)?.shape?.[1];
  if (typeof classes === "number" && classes !== images.classes.length) {
    throw new DataError(
      `"${graph.name}" has ${classes} classes, but "${images.name}" has ${images.classes.length}; build or load the model with as many`,
    );
  }
}

/** All that decides the outcome, but the number of threads. */
async function settingsOf(options: TrainOptions, batchSize: number, step: TrainingStep): Promise<RunSettings> {
  const { images, validation, epochs, rate, mean, std, augmentation = {}, seed = 0, optimizer } = options;
  const { schedule, learningRate, warmupSteps = 0 } = rate;
  const { loss = crossEntropyLoss({ labelSmoothing: options.labelSmoothing ?? 0 }) } = options;
  return {
    images: await imageIdentity(images),
    "validation images": validation ? await imageIdentity(validation) : "none",
    epochs,
    "batch size": batchSize,
    "learning rate": learningRate,
    schedule: JSON.stringify(schedule),
    "warm-up steps": warmupSteps,
    optimizer: createOptimizer(optimizer).description,
    "weight decay": options.weightDecay ?? 0,
    loss: loss.description,
    "gradient clipping": JSON.stringify([options.clipValue, options.clipNorm]),
    normalization: JSON.stringify([mean, std]),
    augmentation: JSON.stringify(augmentation),
    seed,
    [computation]: step.fingerprint.slice(0, 16),
  };
}
