/** @file Contestants from model files. The imports of this file must also run in browsers. */

import { load, type TierName } from "@subbyte/engine";
import { MachineError } from "../errors.js";
import type { Contestant } from "./turns.js";

/** A network in some runtime: one image in, logits out. */
export interface PeerNetwork {
  /** The form of its input: normalized floats `[3, H, W]` or `[H, W, 3]`, or the bytes `[H, W, 3]`. */
  readonly input: keyof typeof conversions;
  run(image: Float32Array | Uint8Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Our engine as a contestant.
 *
 * @param file bytes of a `.sbq` file
 * @throws {MachineError} if the engine gets fewer threads than asked for
 */
export async function ownContestant(
  name: string,
  file: Uint8Array,
  { tier, threads }: { readonly tier: TierName | "auto"; readonly threads: number },
): Promise<Contestant & { readonly tier: TierName }> {
  // A single thread is the calling thread, as for the peers.
  const model = await load(file, threads === 1 ? { tier, worker: false } : { tier, threads });
  if (model.threads !== threads)
    throw new MachineError(
      "threads-missing",
      { found: model.threads, expected: threads },
      `${name}: asked for ${threads} threads, but the engine has ${model.threads}: ${model.fallback}`,
    );
  return { name, tier: model.tier, run: (image) => model.run(image), release: async () => model.dispose() };
}

export interface ImageForm {
  /** Number of pixels: height · width. */
  readonly pixels: number;
  /** Mean per channel, in units of pixel / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export function peerContestant(name: string, network: PeerNetwork, form: ImageForm): Contestant {
  const convert = conversions[network.input](form);
  return { name, run: (image) => network.run(convert(image)), release: () => network.release() };
}

/**
 * Converts bytes `[H, W, 3]` to normalized floats `[3, H, W]` as fast as JavaScript can: in one pass, with one multiplication
 * and one addition per element. (The tables of `normalize` are slower and round differently.) The next call reuses the array.
 */
export function planarFloats({ pixels, mean, std }: ImageForm): (image: Uint8Array) => Float32Array {
  const [red, green, blue] = std.map((deviation) => 1 / (255 * deviation)) as [number, number, number];
  const [red0, green0, blue0] = mean.map((m, c) => -m / std[c]!) as [number, number, number];
  const floats = new Float32Array(3 * pixels);
  return (image) => {
    for (let i = 0, from = 0; i < pixels; i++, from += 3) {
      floats[i] = image[from]! * red + red0;
      floats[i + pixels] = image[from + 1]! * green + green0;
      floats[i + 2 * pixels] = image[from + 2]! * blue + blue0;
    }
    return floats;
  };
}

/** The image as normalized floats with channels last, `[H, W, 3]`. */
export function interleavedFloats({ pixels, mean, std }: ImageForm): (image: Uint8Array) => Float32Array {
  const [red, green, blue] = std.map((deviation) => 1 / (255 * deviation)) as [number, number, number];
  const [red0, green0, blue0] = mean.map((m, c) => -m / std[c]!) as [number, number, number];
  const floats = new Float32Array(3 * pixels);
  return (image) => {
    for (let i = 0; i < 3 * pixels; i += 3) {
      floats[i] = image[i]! * red + red0;
      floats[i + 1] = image[i + 1]! * green + green0;
      floats[i + 2] = image[i + 2]! * blue + blue0;
    }
    return floats;
  };
}

const conversions = {
  planar: planarFloats,
  interleaved: interleavedFloats,
  bytes: () => (image: Uint8Array) => image,
} as const;
