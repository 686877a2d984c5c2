/** @file Codes of `InterruptedError` and `FailedRunError`. */

import type { ErrorCodeTable } from "../error-facts.js";

export const interruptedErrors = {
  interrupted: {
    cause: "The work was stopped by Ctrl-C or an AbortSignal. No file is left half-written.",
    remedy: "Do what the message says to go on.",
    data: [],
  },
} as const satisfies ErrorCodeTable;

export const failedErrors = {
  diverged: {
    cause: "The loss of a training became infinite or NaN.",
    remedy: "Lower the learning rate, warm up for longer, or clip gradients.",
    data: ["network", "epoch"],
  },
  collapsed: {
    cause: "The quantized network does not predict what the float network predicts.",
    remedy: "Check the normalization, raise the bit widths or try another method; force writes the model nevertheless.",
    data: ["found"],
  },
  "runs-failed": {
    cause: "Some runs of a study failed; the others are finished.",
    remedy: "Read the reasons with the task `study status`; `study run` tries these runs again.",
    data: ["runs"],
  },
  "unfair-comparison": {
    cause:
      "Another runtime computes a different result, or does not compute on integers, so comparing its time would be unfair.",
    remedy: "Use another version of that runtime, or leave it out.",
    data: ["network", "reason"],
  },
  "peer-failed": {
    cause: "Another runtime ended before its measurement was done.",
    remedy: "The message quotes its last output; install another version of it, or leave it out.",
    data: ["package", "reason"],
  },
} as const satisfies ErrorCodeTable;
