/**
 * @file Reconstruction of a quantized network, block by block. Each block gets inputs from the quantized part before it and
 * learns to give the float network's outputs. Then its codes are chosen and its biases rounded to their grid, before the next
 * block starts.
 *
 * Sources: Nagel et al. 2020, AdaRound, arXiv:2004.10568; Li et al. 2021, BRECQ, arXiv:2102.05426; Wei et al. 2022, QDrop,
 * arXiv:2203.05740; weight scales learned together with the rounding as in Jeon et al. 2023, Genie, arXiv:2212.04780.
 */

import { createHash } from "node:crypto";
import { type Graph, type Node, writeOnnx } from "@subbyte/graph";
import { defined } from "../../defined.js";
import { DataError } from "../../errors.js";
import { type RuntimeOptions, runtimeOptions } from "../../runtime/runtime-options.js";
import type { RunSettings } from "../../training/checkpoint.js";
import { snapBiases } from "../biases.js";
import { type FakeQuant, fakeQuant, fakeQuants, withoutFakeQuant, withTensors } from "../fake-quant.js";
import { withMirrorImages } from "../mirror.js";
import type { CalibrationInput } from "../ranges.js";
import { type ActivationContext, imageRows, propagate } from "./activations.js";
import { type Block, findBlocks } from "./blocks.js";
import {
  changedConstants,
  type ReconstructionCheckpoint,
  readChosenSteps,
  readReconstruction,
  writeReconstruction,
} from "./checkpoint.js";
import { endToEndStep, learnEndToEnd } from "./end-to-end.js";
import { learnUnit, unitStep } from "./learn-unit.js";
import type { LearningRun } from "./loop.js";
import { checkReconstruction, type ReconstructionOptions } from "./options.js";
import { type LearningLimits, planLearning } from "./plan.js";
import { ProgressMeter, type ReconstructionProgress } from "./progress.js";
import type { Rows } from "./rows.js";
import { entryOf, type LearningUnit, layerUnits } from "./units.js";

/** The file in which a reconstruction keeps its state. */
export interface CheckpointOptions {
  readonly path: string;
  /** Continues from the file if it exists, and otherwise starts anew. */
  readonly resume?: boolean;
  /** Iterations between two writes, 500 by default; the state is also written after each unit. */
  readonly every?: number;
}

/** Options of one reconstruction. */
export interface ReconstructionRun extends LearningLimits, RuntimeOptions {
  readonly options: ReconstructionOptions;
  readonly seed: number;
  /**
   * Largest number of bytes that one activation of all images may take in memory; a larger one goes to a temporary file. 512
   * MiB by default.
   */
  readonly memoryBytes?: number;
  readonly checkpoint?: CheckpointOptions;
  /** Called after some steps of each block. */
  readonly onProgress?: (progress: ReconstructionProgress) => void;
  /** Called with a note on the expected duration. */
  readonly onNote?: (text: string) => void;
  readonly signal?: AbortSignal;
}

const MEMORY_BYTES = 2 ** 29;
const CHECKPOINT_EVERY = 500;

/**
 * @param graph with FakeQuant nodes whose scales are set
 * @returns the same graph with learned scales and biases, and with each weight in the middle of its chosen code's interval
 * @throws {DataError} without calibration images, or with a checkpoint that does not fit; the reason of `run.signal` if it
 * fires
 */
export async function reconstruct(graph: Graph, calibration: CalibrationInput, run: ReconstructionRun): Promise<Graph> {
  checkReconstruction(run.options);
  return new Reconstruction(graph, calibration, run).run();
}

function rowsHash(rows: Rows): string {
  const hash = createHash("sha256");
  for (let i = 0; i < rows.count; i++) {
    const { buffer, byteOffset, byteLength } = rows.row(i);
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

/** One activation of all images, with its name in the graph that computes it. */
interface Activation {
  readonly input: string;
  readonly rows: Rows;
}

class Reconstruction {
  readonly #blocks: readonly Block[];
  readonly #float: Graph;
  readonly #context: ActivationContext;
  #options: ReconstructionOptions;
  #settings: RunSettings = {};
  #meter: ProgressMeter | undefined;
  #graph: Graph;
  #finishedUnits = 0;
  /** The checkpoint, until the run has reached its state. */
  #saved: ReconstructionCheckpoint | undefined;

  constructor(
    readonly initial: Graph,
    readonly calibration: CalibrationInput,
    readonly settings: ReconstructionRun,
  ) {
    this.#graph = snapBiases(initial);
    this.#blocks = findBlocks(initial);
    this.#float = withoutFakeQuant(initial);
    const { memoryBytes = MEMORY_BYTES, signal, options } = settings;
    this.#options = options;
    this.#context = { session: runtimeOptions(settings), rows: { memoryBytes }, signal };
  }

  async run(): Promise<Graph> {
    const { checkpoint, onProgress } = this.settings;
    const calibration = this.#options.mirror ? withMirrorImages(this.calibration) : this.calibration;
    const images = await imageRows(this.#float, calibration, this.#context.rows);
    if (images.count === 0)
      throw new DataError(
        "no-images",
        { source: "calibration" },
        "calibration: there are no images to reconstruct the network on. Give at least one.",
      );
    if (onProgress || this.#isLimited) await this.#plan();
    const options = this.#options;
    if (checkpoint) {
      this.#settings = this.#settingsFor(images);
      if (checkpoint.resume) this.#saved = await readReconstruction(checkpoint.path, this.#settings);
      if (this.#saved) this.#graph = withTensors(this.#graph, this.#saved.constants);
    }
    await this.#learnBlocks(images);
    const [graph, float, learnsStep] = [this.#graph, this.#float, this.#learnsStep];
    if (options.endToEnd > 0)
      await this.#learnOnce("end to end", (run) => learnEndToEnd({ graph, float, images, learnsStep, options }, run));
    images.close();
    return this.#graph;
  }

  get #isLimited(): boolean {
    return this.settings.maxMinutes !== undefined || this.settings.maxWork !== undefined;
  }

  /** Measures the time per step and chooses the number of steps; a resumed run keeps its earlier choice. */
  async #plan(): Promise<void> {
    const { checkpoint, onProgress, onNote, maxMinutes, maxWork, signal } = this.settings;
    const chosen = this.#isLimited && checkpoint?.resume ? await readChosenSteps(checkpoint.path) : undefined;
    const [graph, learnsStep] = [this.#graph, this.#learnsStep];
    const options = { ...this.#options, ...chosen };
    const units = this.#blocks.flatMap((block) =>
      this.#units(block).map((unit) => unitStep({ graph, unit, nodes: block.nodes, options, learnsStep })),
    );
    const { steps, work, note } = await planLearning(
      units,
      options.endToEnd > 0 ? endToEndStep({ graph, learnsStep, options }) : undefined,
      { steps: options, ...(chosen ? {} : { maxMinutes, maxWork }), session: this.#context.session, signal },
    );
    this.#options = { ...options, iterations: steps.iterations, endToEnd: steps.endToEnd };
    this.#meter = new ProgressMeter(work, onProgress);
    if (note) onNote?.(note);
  }

  /** Settings that decide the result, for the checkpoint. */
  #settingsFor(images: Rows): RunSettings {
    const { seed, threads = null } = this.settings;
    const { device } = runtimeOptions(this.settings);
    return {
      ...Object.fromEntries(Object.entries(this.#options).map(([name, value]) => [name, String(value)])),
      seed,
      threads,
      ...defined({ device }),
      "network (hash)": createHash("sha256").update(writeOnnx(this.initial)).digest("hex"),
      "calibration images (hash)": rowsHash(images),
    };
  }

  /** Learns one block after the other. */
  async #learnBlocks(images: Rows): Promise<void> {
    let float: Activation = { input: this.#blocks[0]!.input, rows: images };
    let quantized: Activation = float;
    for (const [i, block] of this.#blocks.entries()) {
      const { nodes } = block;
      const before = i === 0 ? [] : this.#blocks[i - 1]!.nodes;
      const entered = await this.#computed(this.#graph, [...before, ...nodes], quantized, this.#entry(block));
      const target = await this.#computed(this.#float, this.#floatNodes(block), float, block.output);
      if (entered !== quantized && quantized.rows !== images) quantized.rows.close();
      quantized = entered;
      for (const unit of this.#units(block)) await this.#learnUnit(block, unit, { quantized, float, target });
      if (float.rows !== images) float.rows.close();
      float = target;
    }
    for (const { rows } of [quantized, float]) if (rows !== images) rows.close();
  }

  async #learnUnit(
    block: Block,
    unit: LearningUnit,
    { quantized, float, target }: Readonly<Record<"quantized" | "float" | "target", Activation>>,
  ): Promise<void> {
    const options = this.#options;
    await this.#learnOnce(unit.name, async (run) => {
      const inputs = await this.#computed(this.#graph, block.nodes, quantized, unit.input);
      const targets =
        unit.output === block.output
          ? target
          : await this.#computed(this.#float, this.#floatNodes(block), float, unit.output);
      const learned = await learnUnit(
        {
          graph: this.#graph,
          unit,
          nodes: block.nodes,
          inputs: inputs.rows,
          floatInputs: options.unit === "block" && options.drop > 0 ? float.rows : undefined,
          targets: targets.rows,
          learnsStep: this.#learnsStep,
          options,
        },
        run,
      );
      if (inputs !== quantized) inputs.rows.close();
      if (targets !== target) targets.rows.close();
      return learned;
    });
  }

  /** Uses the result of `learnGraph`, unless an earlier process has finished it; writes checkpoints. */
  async #learnOnce(name: string, learnGraph: (run: LearningRun) => Promise<Graph>): Promise<void> {
    const { checkpoint, seed } = this.settings;
    const every = checkpoint?.every ?? CHECKPOINT_EVERY;
    const index = this.#finishedUnits++;
    const saved = this.#saved;
    if (!saved || index >= saved.position.units) {
      this.#saved = undefined;
      const resumes = saved !== undefined && saved.position.iterations > 0;
      this.#graph = await learnGraph({
        seed,
        session: this.#context.session,
        signal: this.#context.signal,
        resume: resumes ? { iterations: saved.position.iterations, state: saved.state } : undefined,
        onIteration: async (iterations, loss, state) => {
          this.#meter?.iteration(index, name, iterations, loss);
          if (checkpoint && iterations % every === 0) await this.#save({ units: index, iterations }, state);
        },
      });
      if (checkpoint) await this.#save({ units: index + 1, iterations: 0 }, new Map());
    }
    this.#meter?.unitDone(index);
  }

  #save(position: ReconstructionCheckpoint["position"], state: ReconstructionCheckpoint["state"]): Promise<void> {
    const constants = changedConstants(this.initial, this.#graph);
    return writeReconstruction(this.settings.checkpoint!.path, this.#settings, { position, constants, state });
  }

  async #computed(graph: Graph, nodes: readonly Node[], from: Activation, value: string): Promise<Activation> {
    if (value === from.input) return from;
    return { input: value, rows: await propagate(graph, nodes, from, value, this.#context) };
  }

  #floatNodes(block: Block): readonly Node[] {
    const names = new Set(block.nodes.map(({ name }) => name));
    return this.#float.nodes.filter(({ name }) => names.has(name));
  }

  #units(block: Block): readonly LearningUnit[] {
    if (!this.#losesPrecision(block)) return [];
    if (this.#options.unit === "layer") return layerUnits(this.initial, block);
    return [{ name: block.name, input: this.#entry(block), output: block.output }];
  }

  /** Whether anything in the block or before it has fewer than 8 bits. */
  #losesPrecision(block: Block): boolean {
    const upToHere = new Set(this.#blocks.slice(0, this.#blocks.indexOf(block) + 1).flatMap(({ nodes }) => nodes));
    return fakeQuants(this.initial).some(({ node, bits }) => bits < 8 && upToHere.has(node));
  }

  #entry(block: Block): string {
    return entryOf(this.initial, block, (node) => !this.#learnsStep(fakeQuant(this.initial, node)));
  }

  /** Whether an activation's step is learned. An 8-bit step would gain too little, and the range of the image is fixed. */
  readonly #learnsStep = (fq: FakeQuant): boolean =>
    this.#options.stepRate > 0 && fq.bits < 8 && fq.input !== this.initial.inputs[0]!.name;
}
