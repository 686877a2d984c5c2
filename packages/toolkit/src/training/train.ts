/** @file The training loop: epochs, validation, log, checkpoints, interruption and resumption. */

import { availableParallelism } from "node:os";
import type { Graph, Tensor } from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import type { Batch } from "../data/types.js";
import { FailedRunError, InterruptedError } from "../errors.js";
import type { ClassifierResult } from "../evaluation/evaluate.js";
import { evaluateGraph } from "../evaluation/evaluate-graph.js";
import type { Checkpoint, RunSettings } from "./checkpoint.js";
import { buildTrainingStep, type TrainingBatch, type TrainingStep } from "./classifier-step.js";
import { firstNotFinite, hopelessness } from "./divergence.js";
import { lockFolder } from "./folder-lock.js";
import { earlyEndNote, endsEarly, stallNote } from "./improvement.js";
import { type EpochRecord, emptyPosition, isBetter, type TrainingPosition } from "./position.js";
import { SpeedMeter, type TrainProgress } from "./progress.js";
import { RunFiles } from "./run-files.js";
import { requireResumable, settingsOf } from "./run-settings.js";
import { learningRateAt } from "./schedules.js";
import { checkTrainOptions, type TrainOptions, type TrainResult } from "./train-options.js";

/**
 * Trains a classifier graph: one image input `[N, C, H, W]`, logits as first output.
 *
 * @throws {UsageError} if options do not fit each other, the images or the checkpoint, or if `out` has another run or is in use
 * @throws {InterruptedError} if `signal` fires, after the current step
 * @throws {FailedRunError} if the loss is no longer finite, or at the end far above that of guessing
 * @throws {MachineError} if a file cannot be written. In all cases, files written before are intact
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkTrainOptions(options);
  const lock = options.out === undefined ? undefined : await lockFolder(options.out);
  try {
    const run = await TrainingRun.start(options);
    try {
      return await run.finish();
    } finally {
      await run.release();
    }
  } finally {
    await lock?.release();
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
    const files = given.out === undefined ? undefined : new RunFiles(given.out, given.metadata ?? {});
    if (files && !given.resume && !given.overwrite) files.requireUnused();
    const checkpoint = given.resume ? await files!.readCheckpoint() : undefined;
    // Sums over many elements are split by thread, so their last bits depend on how many there are.
    const threads = given.session?.threads ?? Number(checkpoint?.settings.threads ?? availableParallelism());
    const options = { ...given, session: { ...given.session, threads } };
    const batchSize = Math.min(options.batchSize, options.images.length);
    const step = await buildTrainingStep(options.graph, { ...options, batchSize });
    try {
      const settings = { ...(files ? await settingsOf(options, batchSize, step) : {}), threads };
      const run = new TrainingRun(options, batchSize, step, settings, files);
      if (checkpoint) await run.#resume(checkpoint);
      await files?.dropNextBest();
      return run;
    } catch (error) {
      await step.release();
      throw error;
    }
  }

  async #resume({ settings, position, tensors }: Checkpoint<TrainingPosition>): Promise<void> {
    const files = this.files!;
    const { prolongs } = requireResumable(files.checkpointPath, settings, position, this.settings);
    this.step.restore(tensors);
    this.#position = position;
    if (position.best) this.#best = await files.readBest(this.options.graph, position.bestHash);
    if (prolongs)
      this.options.onNote?.(
        `The finished run of ${position.epoch} epoch${position.epoch === 1 ? "" : "s"} goes on to ${this.options.epochs} epochs.`,
      );
  }

  async finish(): Promise<TrainResult> {
    const { epochs, onNote } = this.options;
    while (this.#position.epoch < epochs && !endsEarly(this.#position, this.options)) {
      await this.#finishEpoch();
      await this.#recordEpoch();
      const note = stallNote(this.#position, this.options);
      if (note !== undefined) onNote?.(note);
    }
    if (this.#position.epoch < epochs) onNote?.(earlyEndNote(this.#position, this.options));
    this.#requireLearned();
    const graph = this.step.trained();
    const { history, best } = this.#position;
    return {
      graph,
      best: { graph: this.#best ?? graph, epoch: best?.epoch ?? history.length },
      history,
      ...(this.#validation ? { validation: this.#validation } : {}),
    };
  }

  readonly release = (): Promise<void> => this.step.release();

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

  /** Runs the remaining steps of the current epoch. */
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
    const batch: TrainingBatch = {
      images: input,
      labels,
      target: await this.options.target?.(input),
      inputs: this.options.inputs?.(this.#steps, this.options.epochs * this.#stepsPerEpoch),
    };
    const { loss, correct } = await this.step.run(batch, learningRate, this.#steps + 1);
    if (!Number.isFinite(loss)) throw this.#diverged(`the loss is ${loss}; ${await this.step.describeFault(batch)}`);
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
    this.#requireFinite();
    const graph = this.step.trained();
    const validation = await this.#validate((await this.options.finished?.(graph)) ?? graph);
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
    const bestHash = isBest ? await this.files?.writeWeights("best", graph, record) : this.#position.bestHash;
    this.#position = {
      ...emptyPosition,
      epoch: epoch + 1,
      seconds,
      history: [...history, record],
      ...(isBest ? { best: record } : best ? { best } : {}),
      ...(bestHash === undefined ? {} : { bestHash }),
    };
    if (this.files) {
      await this.files.writeWeights("last", graph, record);
      await this.files.writeLog(this.#position.history);
      await this.#writeCheckpoint();
      if (isBest) await this.files.adoptBest();
    }
    this.options.onEpoch?.(record);
  }

  async #validate(graph: Graph): Promise<ClassifierResult | undefined> {
    const { validation, mean, std, signal, session } = this.options;
    if (!validation) return undefined;
    const rate = this.#learningRate(this.#steps - 1);
    try {
      const result = await evaluateGraph(graph, validation, {
        ...session,
        mean,
        std,
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
    }
  }

  async #interrupt(): Promise<never> {
    await this.#writeCheckpoint();
    const { epoch, stepInEpoch } = this.#position;
    const where = `training stopped in epoch ${epoch + 1} of ${this.options.epochs} after step ${stepInEpoch} of ${this.#stepsPerEpoch}`;
    throw new InterruptedError(
      "interrupted",
      { epoch: epoch + 1, step: stepInEpoch, ...(this.files ? { file: this.files.checkpointPath } : {}) },
      this.files
        ? `${where}; "${this.files.checkpointPath}" holds its state: the same command with \`resume\` goes on from there`
        : `${where}; nothing was kept, as no output folder was given (\`out\`)`,
    );
  }

  async #writeCheckpoint(): Promise<void> {
    if (!this.files) return;
    this.#requireFinite();
    await this.files.writeCheckpoint({ settings: this.settings, position: this.#position, tensors: this.step.state });
  }

  /**
   * Checks that the state is finite. A loss can be finite although the update after it is not, and such a state must not
   * replace a good one.
   */
  #requireFinite(): void {
    const name = firstNotFinite(this.step.state);
    if (name !== undefined) throw this.#diverged(`"${name}" is no longer finite`);
  }

  /** Checks that the loss is not far above that of guessing, although it is finite. */
  #requireLearned(): void {
    const { images, loss } = this.options;
    const fault = hopelessness(this.#position.history.at(-1), images.classes.length, loss === undefined);
    if (fault !== undefined) throw this.#diverged(fault);
  }

  #diverged(what: string): FailedRunError {
    const { epoch, stepInEpoch } = this.#position;
    const rate = this.#learningRate(this.#steps);
    const intact = this.files ? ` What was written to "${this.files.folder}" before is intact.` : "";
    return new FailedRunError(
      "diverged",
      { network: this.options.graph.name, epoch: epoch + 1, step: stepInEpoch + 1, value: rate, reason: what },
      `training diverged in epoch ${epoch + 1} near step ${stepInEpoch + 1}: ${what}, at the learning rate ${rate.toPrecision(3)} ` +
        `(\`lr\` ${this.options.rate.learningRate}). Lower it, warm up for longer (\`warmup\`), or clip gradients (\`clipNorm\`).${intact}`,
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
      secondsPerEpoch: this.#speed.secondsLeft(this.#stepsPerEpoch, validation ? 1 : 0),
    });
  }
}
