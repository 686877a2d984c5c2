/** @file The bars of a quantization: widths of layers, ranges, then learning. */

import type { ReconstructionProgress } from "@subbyte/toolkit";
import { startProgress } from "./progress.js";

export interface QuantizationProgress {
  readonly onWidths: (done: number, of: number) => void;
  readonly onImages: (done: number) => void;
  readonly onReconstruction: (progress: ReconstructionProgress) => void;
  readonly stop: () => void;
}

/** @param images that ranges are measured on */
export function quantizationProgress(images: number, quiet: boolean): QuantizationProgress {
  const calibrating = startProgress("calibrating", images, { quiet });
  const learning = startProgress("learning", 1, { quiet, ownEstimate: true });
  return {
    onWidths: (done, of) => calibrating.update(done, "widths of layers", of),
    onImages: (done) => {
      learning.stop();
      calibrating.update(done);
    },
    onReconstruction: ({ unit, share, loss, secondsLeft }) => {
      calibrating.stop();
      learning.update(share, `${unit} · loss ${loss.toPrecision(3)} · ${Math.ceil(secondsLeft)} s left`);
    },
    stop: () => {
      calibrating.stop();
      learning.stop();
    },
  };
}
