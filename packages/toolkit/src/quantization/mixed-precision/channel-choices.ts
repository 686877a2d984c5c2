/** @file What the widths of channels would cost each layer's input, from the values that calibration images give it. */

import type { Graph } from "@subbyte/graph";
import { createSession } from "../../runtime/session.js";
import { ChannelErrors, ChannelSamples, channelImportance } from "../ranges/channel-widths.js";
import type { CalibrationInput } from "../ranges.js";

export interface ChannelChoicesOptions {
  readonly seed: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/**
 * @param float a simplified float network
 * @param layers names of the layers in question
 * @returns by name of those convolutions whose input has no negative values
 */
export async function channelErrors(
  float: Graph,
  layers: readonly string[],
  calibration: CalibrationInput,
  { seed, threads, signal }: ChannelChoicesOptions,
): Promise<ReadonlyMap<string, ChannelErrors>> {
  const convolutions = float.nodes.filter(({ op, name }) => op === "Conv" && layers.includes(name));
  const samples = new Map(
    convolutions.map(({ name }) => [name, new ChannelSamples(name, calibration.images, seed)] as const),
  );
  if (convolutions.length === 0) return new Map();
  const inputs = [...new Set(convolutions.map((layer) => layer.inputs[0]!))];
  const session = await createSession({ ...float, outputs: inputs }, threads === undefined ? {} : { threads });
  try {
    for await (const batch of calibration.batches()) {
      signal?.throwIfAborted();
      const values = await session.run({ [float.inputs[0]!.name]: batch });
      for (const layer of convolutions) samples.get(layer.name)!.add(values[layer.inputs[0]!]!);
    }
  } finally {
    await session.release();
  }
  return new Map(
    convolutions.flatMap((layer) => {
      const seen = samples.get(layer.name)!;
      if (seen.negative) return [];
      const importance = channelImportance(layer, float.tensors.get(layer.inputs[1]!)!);
      return [[layer.name, new ChannelErrors(seen, importance)] as const];
    }),
  );
}
