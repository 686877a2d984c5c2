/** @file A model ready to answer: the engine's front door. */

import { InputError } from "./errors.js";
import type { Host, LayerProfile, ModelInfo, Tensor, TierName } from "./host/host.js";
import { describeInfo } from "./host/info.js";
import type { Started } from "./host/start.js";
import { type ImageInput, pictureOf } from "./image/picture.js";
import { type Prediction, rank } from "./prediction.js";

export interface ClassifyOptions {
  /** How many classes to return, 5 by default. */
  readonly topK?: number;
}

export interface Model extends ModelInfo {
  readonly tier: TierName;
  /** Threads that compute: on one image together, or on one image each. */
  readonly threads: number;
  readonly runsOn: "worker" | "caller";
  /** Why the calling thread computes although a worker was wanted. */
  readonly fallback?: Error;
  /**
   * Logits `[count, classes]` of inputs that already have the network's size: bytes `[count, H, W, C]`, or real values
   * `[count, C, H, W]` after normalization, which are quantized as the file says.
   * @throws {InputError} where their length does not fit, or a value is NaN.
   */
  run(input: Tensor): Promise<Float32Array>;
  /**
   * The likeliest classes of a decoded image of any size that the file's preprocessing takes, best first; equal logits rank
   * by index.
   * @throws {InputError}
   */
  classify(image: ImageInput, options?: ClassifyOptions): Promise<Prediction[]>;
  /** The same for a list of images, whose sizes may differ. */
  classify(images: readonly ImageInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  /** The shortest time of every operator in `runs` runs of one image, 5 by default. */
  profile(runs?: number): Promise<LayerProfile[]>;
  /** A few lines for people: name, sizes, memory, accuracy. */
  describe(): string;
  /** Ends workers and gives memory back. The model answers nothing afterwards. */
  dispose(): void;
}

export function createModel({ host, fallback }: Started, runsOn: Model["runsOn"]): Model {
  const { info, tier, threads } = host.state;
  let disposed = false;
  const active = (): Host => {
    if (disposed) throw new InputError("model-disposed", {}, "the model was disposed of; load it again");
    return host;
  };
  const classifyOne = async (image: ImageInput, topK: number): Promise<Prediction[]> => {
    const { picture, owned } = await pictureOf(image);
    try {
      return rank(await active().runPicture(picture), topK, info.labels);
    } finally {
      if (owned && "bitmap" in picture) picture.bitmap.close();
    }
  };
  function classify(image: ImageInput, options?: ClassifyOptions): Promise<Prediction[]>;
  function classify(images: readonly ImageInput[], options?: ClassifyOptions): Promise<Prediction[][]>;
  async function classify(images: ImageInput | readonly ImageInput[], { topK = 5 }: ClassifyOptions = {}) {
    return Array.isArray(images)
      ? Promise.all(images.map((image) => classifyOne(image, topK)))
      : classifyOne(images as ImageInput, topK);
  }
  return {
    ...info,
    tier,
    threads,
    runsOn,
    ...(fallback === undefined ? {} : { fallback }),
    run: async (input) => active().run(input),
    classify,
    profile: async (runs = 5) => active().profile(runs),
    describe: () => describeInfo(info),
    dispose() {
      disposed = true;
      host.dispose();
    },
  };
}
