/**
 * @file Races contestants on one network, from their files to their times. The imports of this file must also run in browsers.
 */

import { createWebSession } from "../runtime/web-session.js";
import { type ContestantSpec, contestantName, type PeerContestant } from "./comparison.js";
import { type ImageForm, ownContestant, type PeerNetwork, peerContestant } from "./contestants.js";
import { type Contestant, type Measured, type TurnOptions, takeTurns } from "./turns.js";

/** A contestant and the file that it loads. */
export interface Entry {
  readonly spec: ContestantSpec;
  /** Our `.sbq` file, or an ONNX or `.tflite` file of another runtime. */
  readonly file: Uint8Array;
}

export interface Race {
  readonly entries: readonly Entry[];
  readonly images: readonly Uint8Array[];
  /** Side of the images, in pixels. */
  readonly size: number;
  readonly normalization: Omit<ImageForm, "pixels">;
}

export interface RaceResult extends Measured {
  /** Time from the file's bytes in memory to the end of the first run. */
  readonly firstResultMilliseconds: number;
}

export interface PeerOptions {
  readonly precision: PeerContestant["precision"];
  readonly threads: number;
  /** Side of the image, in pixels. */
  readonly size: number;
}

/** Opens a file of the runtime's format. */
export type OpenPeer = (file: Uint8Array, options: PeerOptions) => Promise<PeerNetwork>;

export const openWebPeer: OpenPeer = async (file, { threads, size }) => {
  const session = await createWebSession(file, threads);
  return {
    input: "planar",
    run: (image) => session.run(image as Float32Array, [1, 3, size, size]),
    release: () => session.release(),
  };
};

/** @param openers functions that open files, for the runtimes that are available */
export async function race(
  { entries, images, size, normalization }: Race,
  openers: Readonly<Partial<Record<PeerContestant["runtime"], OpenPeer>>>,
  options: TurnOptions,
): Promise<RaceResult[]> {
  const contestants: Contestant[] = [];
  const firstResults: number[] = [];
  try {
    for (const { spec, file } of entries) {
      const name = contestantName(spec);
      const start = performance.now();
      const contestant =
        spec.kind === "own"
          ? await ownContestant(name, file, spec)
          : peerContestant(name, await openers[spec.runtime]!(file, { ...spec, size }), {
              pixels: size * size,
              ...normalization,
            });
      contestants.push(contestant);
      await contestant.run(images[0]!);
      firstResults.push(performance.now() - start);
    }
    const measured = await takeTurns(contestants, images, options);
    return measured.map((result, i) => ({ ...result, firstResultMilliseconds: firstResults[i]! }));
  } finally {
    for (const contestant of contestants) await contestant.release();
  }
}
