/** @file A model on this thread: the file read and checked once, laid out, warmed up. Every other host has one at its end. */

import { InputError, tooLarge } from "../errors.js";
import { readSbq } from "../format/reader.js";
import { type Picture, pixelsOf } from "../image/picture.js";
import { elementCount } from "../operators/definition.js";
import { preprocess } from "../preprocess/preprocess.js";
import type { Program } from "../program/program.js";
import { quantizeInput } from "../reference/reference.js";
import { canShareMemory } from "../threads/team.js";
import type { Host, HostOptions, HostState, LayerProfile, ModelInfo, Tensor } from "./host.js";
import { modelInfo } from "./info.js";
import { type RemoteHost, startWorkers } from "./remote-host.js";
import { bestTier, createRunner, type Runner } from "./runner.js";

export class Session implements Host {
  readonly state: HostState;
  readonly #program: Program;
  readonly #runner: Runner;
  readonly #helpers: readonly RemoteHost[];

  private constructor(program: Program, info: ModelInfo, runner: Runner, helpers: readonly RemoteHost[]) {
    this.#program = program;
    this.#runner = runner;
    this.#helpers = helpers;
    this.state = { info, tier: runner.tier, threads: 1 + helpers.length };
  }

  /**
   * @throws {FormatError} where the file is damaged, hostile or too large.
   * @throws {Error} where this machine lacks the tier.
   */
  static async open(file: Uint8Array, options: HostOptions): Promise<Session> {
    const tier = options.tier === "auto" ? bestTier() : options.tier;
    const isShared = tier !== "scalar" && options.threads > 1 && canShareMemory();
    const starting = startWorkers(isShared ? options.threads - 1 : 0);
    let helpers: readonly RemoteHost[] = [];
    try {
      const program = readSbq(file, options);
      const info = modelInfo(program, tier, isShared ? options.threads : 1);
      if (info.peakBytes > options.maxBytes)
        throw tooLarge(
          "program",
          info.peakBytes,
          options.maxBytes,
          `needs ${info.peakBytes} bytes of memory in the tier "${tier}", more than the limit of ${options.maxBytes}; raise maxBytes`,
        );
      helpers = (await starting).workers;
      return new Session(program, info, await createRunner(program, tier, helpers), helpers);
    } catch (error) {
      helpers = (await starting).workers;
      for (const helper of helpers) helper.dispose();
      throw error;
    }
  }

  async run(input: Tensor): Promise<Float32Array> {
    const { inputShape } = this.state.info;
    const size = elementCount(inputShape);
    if (input.length === 0 || input.length % size !== 0)
      throw new InputError(
        "input-length",
        { found: input.length, expected: size },
        `an input of shape [${inputShape}] has ${size} elements, got ${input.length}, which is no whole number of images; resize them, or use classify`,
      );
    return input instanceof Float32Array
      ? this.#runner.runCodes(quantizeInput(this.#program, input))
      : this.#runner.run(input);
  }

  async runPicture(picture: Picture): Promise<Float32Array> {
    return this.#runner.run(preprocess(pixelsOf(picture), this.#program.preprocessing));
  }

  async profile(runs: number): Promise<LayerProfile[]> {
    const [channels, height, width] = this.state.info.inputShape;
    return this.#runner.profile(
      Uint8Array.from({ length: channels * height * width }, (_, i) => (i * 97) & 255),
      runs,
    );
  }

  dispose(): void {
    for (const helper of this.#helpers) helper.dispose();
  }
}
