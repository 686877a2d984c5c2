/** @file A loaded model: the main interface of the engine. */

import {
  abortSignal,
  checkArgument,
  checkOptions,
  type Expectation,
  positiveInteger,
  profileRuns,
  wrongArgument,
} from "./arguments.js";
import { InputError, workerFailed } from "./errors.js";
import type { Host, LayerProfile, ModelInfo, Tensor, TierName } from "./host/host.js";
import { describeInfo } from "./host/info.js";
import type { Started } from "./host/start.js";
import { type ImageInput, pictureOf } from "./image/picture.js";
import { elementCount } from "./operators/definition.js";
import { type Prediction, rank } from "./prediction.js";
import { type Fit, fits } from "./preprocess/preprocess.js";

export interface RunOptions {
  /** Rejects the call with the signal's reason as soon as it fires; images that have not been begun are not computed. */
  readonly signal?: AbortSignal;
}

/** Options of `classify`. */
export interface ClassifyOptions extends RunOptions {
  /** Number of classes to return, 5 by default. */
  readonly topK?: number;
  /**
   * For models that take one size. `"cover"`, the default: images of other sizes are resized to just cover it, and cropped.
   * `"exact"`: they are refused.
   */
  readonly fit?: Fit;
}

const runOptions: { readonly [K in keyof Required<RunOptions>]: Expectation } = { signal: abortSignal };
const classifyOptions: { readonly [K in keyof Required<ClassifyOptions>]: Expectation } = {
  ...runOptions,
  topK: positiveInteger,
  fit: fits,
};

export interface Model extends ModelInfo {
  readonly tier: TierName;
  /** Threads that compute, on one image together or on one image each; fewer if one has died. */
  readonly threads: number;
  readonly runsOn: "worker" | "caller";
  /** The reason for less than was requested: no worker, fewer threads, or no wide vectors. */
  readonly fallback: Error | undefined;
  /**
   * Logits `[count, classes]` of inputs that already have the network's size: bytes `[count, H, W, C]`, or real values
   * `[count, C, H, W]` after normalization, which are quantized as the file says.
   * @throws {InputError} if the input is another kind of array, its length does not fit, or a value is NaN.
   */
  run(input: Tensor, options?: RunOptions): Promise<Float32Array>;
  /**
   * The likeliest classes of a decoded image of any size, best first; equal logits rank by index.
   * @throws {InputError} if the value is no image, an option is out of range, or `fit` is `"exact"` and the size differs.
   */
  classify(image: ImageInput, options?: ClassifyOptions): Promise<Prediction[]>;
  /** Classifies several images, whose sizes may differ; returns one list per image. */
  classify(images: readonly ImageInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  /** The shortest time of every operator in `runs` runs (5 by default) of one image. */
  profile(runs?: number): Promise<LayerProfile[]>;
  /** Name, sizes, memory and accuracy as a few lines of text. */
  describe(): string;
  /** Ends the workers and frees the memory. The model cannot be used afterwards. */
  dispose(): void;
}

export function createModel({ host, runsOn, fallback }: Started): Model {
  const { info, tier } = host.state;
  let disposed = false;
  const active = (): Host => {
    if (disposed) throw new InputError("model-disposed", {}, "the model was disposed of; load it again");
    return host;
  };
  const classifyOne = async (image: ImageInput, options: ClassifyOptions): Promise<Prediction[]> => {
    const { topK = 5, fit = "cover", signal } = options;
    const { picture, owned } = await pictureOf(image);
    try {
      return rank(await active().runPicture(picture, fit, signal), topK, info);
    } finally {
      if (owned && "bitmap" in picture) picture.bitmap.close();
    }
  };
  function classify(image: ImageInput, options?: ClassifyOptions): Promise<Prediction[]>;
  function classify(images: readonly ImageInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  async function classify(images: ImageInput | readonly ImageInput[], options: ClassifyOptions = {}) {
    checkOptions(options, classifyOptions);
    options.signal?.throwIfAborted();
    return Array.isArray(images)
      ? Promise.all(images.map((image) => classifyOne(image, options)))
      : classifyOne(images as ImageInput, options);
  }
  return {
    ...info,
    tier,
    get threads() {
      return host.state.threads;
    },
    runsOn,
    get fallback() {
      const reason = host.state.fallback;
      return fallback ?? (reason === undefined ? undefined : workerFailed(reason));
    },
    async run(input, options = {}) {
      checkOptions(options, runOptions);
      return active().run(checkedTensor(input, info), options.signal);
    },
    classify,
    async profile(runs = 5) {
      checkArgument("runs", runs, profileRuns);
      return active().profile(runs);
    },
    describe: () => describeInfo(info),
    dispose() {
      disposed = true;
      host.dispose();
    },
  };
}

/**
 * Returns the input if it is a whole number of images. Any other array would be read as bytes or as wrong numbers.
 *
 * @throws {InputError} if it is not
 */
function checkedTensor(input: unknown, { inputShape }: ModelInfo): Tensor {
  if (!(input instanceof Uint8Array || input instanceof Float32Array))
    throw wrongArgument("the input of run", input, "a Uint8Array of bytes or a Float32Array of real values");
  const size = elementCount(inputShape);
  // An array whose buffer was transferred has no elements.
  if (input.length === 0 || input.length % size !== 0)
    throw new InputError(
      "input-length",
      { found: input.length, expected: size },
      `an input of shape [${inputShape}] has ${size} elements, got ${input.length}, which is no whole number of images; resize them, or use classify`,
    );
  return input;
}
