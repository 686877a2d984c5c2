/** @file A program laid out in WebAssembly memory and ready to run. */

import { byteArray, checkArgument, checkOptions, oneOf, profileRuns, wrongArgument, yesOrNo } from "../arguments.js";
import { InputError } from "../errors.js";
import { operatorMultiplyAdds } from "../operators/index.js";
import { checkProgram } from "../program/check.js";
import type { Program } from "../program/program.js";
import { Barrier, barrierBytes } from "../threads/barrier.js";
import { type BoundCall, bind, type Recruit } from "../threads/team.js";
import {
  compileKernels,
  instantiate,
  type KernelModules,
  type KernelName,
  supportedTier,
  type Tier,
} from "../wasm/modules.js";
import { Constants } from "./constants.js";
import { emitInput } from "./emit/edges.js";
import { Emitter, type KernelChoice } from "./emit/emitter.js";
import { emitOperator } from "./emit/index.js";
import { type Plan, planProgram } from "./plan.js";
import { scheduleSteps } from "./splitting/schedule.js";

/** Options of `compile`. */
export interface CompileOptions {
  /** The tier; by default the fastest of this machine. */
  readonly tier?: Tier;
  /**
   * Runs the network once on a black image, so that the first real run is as fast as later ones: V8 starts kernels with quickly
   * compiled code and replaces the hot ones by optimized code. True by default.
   */
  readonly warmUp?: boolean;
}

/** The kernel of one convolution or linear layer. */
export interface KernelReport extends KernelChoice {
  /** Index in `Program.operators`. */
  readonly operator: number;
  readonly name: string;
}

/** Time and kernels of one operator. */
export interface ProfileEntry {
  /** Index in `Program.operators`; −1 is the input. */
  readonly operator: number;
  readonly name: string;
  /** Kernels that ran, in order. */
  readonly kernels: readonly KernelName[];
  /** Shortest time of one image. */
  readonly milliseconds: number;
  /** Multiply-adds per image. */
  readonly multiplyAdds: number;
}

/**
 * A program compiled to kernels, which runs on the calling thread. `load` returns a `Model`, which can also use workers and
 * threads.
 */
export interface Executable {
  readonly program: Program;
  readonly tier: Tier;
  readonly kernels: readonly KernelReport[];
  /** Bytes of memory: activations, weights, tables and scratch. */
  readonly peakBytes: number;
  /**
   * Logits `[count, classes]` of images `[count, H, W, C]`, bytes at the network's size. Allocates nothing if `logits` is
   * given.
   * @throws {InputError} if the length does not fit.
   */
  run(images: Uint8Array, logits?: Float32Array): Float32Array;
  /** Like `run`, but takes codes of the input tensor, `[count, C, H, W]`. */
  runCodes(codes: Uint8Array, logits?: Float32Array): Float32Array;
  /** Runs one image `runs` times and returns the shortest time of every operator. */
  profile(image: Uint8Array, runs?: number): ProfileEntry[];
}

/**
 * Lays a program out in memory, packs its weights and proves that its sums fit.
 * @throws {FormatError} if the program breaks a rule.
 */
export async function compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
  checkOptions(options, { tier: oneOf("simd", "relaxed", "fused"), warmUp: yesOrNo });
  checkProgram(program);
  return compileChecked(program, options);
}

/**
 * Like `compile`, for a program that `checkProgram` has accepted.
 * @param recruits  threads that will run it together with this one
 * @param compiled  the kernels, for shared memory if there are recruits
 * @param plan the memory plan for that tier, if it has been made already
 */
export async function compileChecked(
  program: Program,
  { tier = supportedTier(), warmUp = true }: CompileOptions = {},
  recruits: readonly Recruit[] = [],
  compiled?: KernelModules,
  plan?: Plan,
): Promise<Executable> {
  const isShared = recruits.length > 0;
  const modules = compiled ?? (await compileKernels(tier, isShared));
  const { constants, kernels, emitter, tables } = await layOut(program, tier, isShared, modules, plan);
  const threads = 1 + recruits.length;
  const barrier = constants.reserve(barrierBytes);
  const [schedule, ...others] = scheduleSteps(constants, emitter.steps, emitter.scratch.forThreads(threads));
  const { memory } = constants;
  await Promise.all(recruits.map((r, i) => r.join({ memory, modules, threads, barrier, schedule: others[i]! })));
  const meeting = threads === 1 ? undefined : new Barrier(memory, barrier, threads);
  const executable = new WasmExecutable(program, tier, emitter, bind(schedule!, kernels), meeting, tables);
  if (warmUp) executable.warmUp();
  return executable;
}

/** A table that does not change codes. */
const identity = Uint8Array.from({ length: 256 }, (_, code) => code);

/** Lays out memory with packed weights, and the steps of a run, for one thread. */
export async function layOut(
  program: Program,
  tier: Tier,
  shared: boolean,
  compiled?: KernelModules,
  plan = planProgram(program, tier),
) {
  const constants = new Constants(plan.end, shared);
  const kernels = await instantiate(compiled ?? (await compileKernels(tier, shared)), constants.memory);
  const emitter = new Emitter(plan, constants, kernels);
  const tables = emitInput(emitter);
  for (const [i, op] of program.operators.entries()) if (!plan.skipped.has(i)) emitOperator(emitter, i, op);
  return { constants, kernels, emitter, tables };
}

class WasmExecutable implements Executable {
  readonly kernels: readonly KernelReport[];
  readonly peakBytes: number;
  readonly #image: Uint8Array;
  readonly #tables: Uint8Array;
  readonly #logits: Float32Array;

  constructor(
    readonly program: Program,
    readonly tier: Tier,
    emitter: Emitter,
    readonly phases: readonly (readonly BoundCall[])[],
    readonly meeting: Barrier | undefined,
    tables: number,
  ) {
    const { memory } = emitter.constants;
    this.#tables = new Uint8Array(memory.buffer, tables, 256 * program.inputTables.length);
    this.#setTables(program.inputTables);
    const imageBytes = program.tensors[program.input]!.shape.reduce((product, size) => product * size, 1);
    this.#image = new Uint8Array(memory.buffer, emitter.plan.image, imageBytes);
    this.#logits = new Float32Array(memory.buffer, emitter.logits, program.classes);
    this.peakBytes = memory.buffer.byteLength;
    this.kernels = Array.from(emitter.choices, ([operator, choice]) => ({
      operator,
      name: program.operators[operator]!.name,
      ...choice,
    }));
  }

  warmUp(): void {
    this.#image.fill(0);
    this.#runOnce();
  }

  /** Runs the image that is in memory. */
  #runOnce(): void {
    this.meeting?.wait("start");
    for (const phase of this.phases) {
      for (const { run, task } of phase) run(task);
      this.meeting?.wait("phase");
    }
  }

  runCodes(codes: Uint8Array, logits?: Float32Array): Float32Array {
    const { inputTables, input, tensors } = this.program;
    const { bits, shape } = tensors[input]!;
    checkArgument("codes", codes, byteArray);
    const highest = 2 ** bits - 1;
    if (codes.some((code) => code > highest))
      throw new InputError(
        "input-value",
        { found: codes.find((code) => code > highest)!, expected: `at most ${highest}` },
        `input codes must be at most ${highest}`,
      );
    // Codes go the same way as an image's bytes, through tables that leave them unchanged.
    this.#setTables(inputTables.map(() => identity));
    try {
      return this.run(interleave(codes, shape), logits);
    } finally {
      this.#setTables(inputTables);
    }
  }

  run(images: Uint8Array, logits?: Float32Array): Float32Array {
    checkArgument("images", images, byteArray);
    const size = this.#image.length;
    const count = images.length / size;
    if (!Number.isInteger(count) || count === 0)
      throw new InputError(
        "input-length",
        { found: images.length, expected: size },
        `images of shape [${this.program.tensors[this.program.input]!.shape}] are ${size} bytes each, got ${images.length}; resize them first`,
      );
    const { classes } = this.program;
    if (logits !== undefined && !(logits instanceof Float32Array && logits.length >= count * classes))
      throw wrongArgument("logits", logits, `a Float32Array of at least ${count * classes} elements`);
    const result = logits ?? new Float32Array(count * classes);
    for (let n = 0; n < count; n++) {
      this.#image.set(count === 1 ? images : images.subarray(n * size, (n + 1) * size));
      this.#runOnce();
      result.set(this.#logits, n * classes);
    }
    return result;
  }

  #setTables(tables: readonly Uint8Array[]): void {
    for (const [channel, table] of tables.entries()) this.#tables.set(table, 256 * channel);
  }

  profile(image: Uint8Array, runs = 5): ProfileEntry[] {
    if (!(image instanceof Uint8Array && image.length === this.#image.length))
      throw wrongArgument("image", image, `a Uint8Array of ${this.#image.length} bytes`);
    checkArgument("runs", runs, profileRuns);
    const { program, phases, meeting } = this;
    const calls = phases.flat();
    const times = calls.map(() => [] as number[]);
    for (let r = 0; r < runs; r++) {
      this.#image.set(image);
      meeting?.wait("start");
      let i = 0;
      for (const phase of phases)
        for (const [position, { run, task }] of phase.entries()) {
          const start = performance.now();
          run(task);
          // A phase takes as long as its slowest thread.
          if (position === phase.length - 1) meeting?.wait("phase");
          times[i++]!.push(performance.now() - start);
        }
    }
    return [...new Set(calls.map(({ operator }) => operator))].map((operator) => {
      const own = calls.map((call, i) => ({ call, i })).filter(({ call }) => call.operator === operator);
      const perRun = Array.from({ length: runs }, (_, r) => own.reduce((sum, { i }) => sum + times[i]![r]!, 0));
      const op = program.operators[operator];
      return {
        operator,
        name: op?.name ?? "input",
        kernels: own.map(({ call }) => call.kernel),
        milliseconds: Math.min(...perRun),
        multiplyAdds: op === undefined ? 0 : operatorMultiplyAdds(program, op),
      };
    });
  }
}

/** Reorders `[count, C, H, W]` to `[count, H, W, C]`. */
function interleave(codes: Uint8Array, shape: readonly number[]): Uint8Array {
  const [channels, height, width] = shape as [number, number, number];
  const pixels = height * width;
  return codes.map((_, i) => {
    const image = Math.floor(i / (pixels * channels));
    const element = i % (pixels * channels);
    const channel = element % channels;
    return codes[(image * channels + channel) * pixels + (element - channel) / channels]!;
  });
}
