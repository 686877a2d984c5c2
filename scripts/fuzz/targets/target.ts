/** @file A target of the fuzzer, and how it may refuse an input: with an error of ours, in a sentence of reasonable length. */

import { describeError } from "@subbyte/toolkit/errors";

export type Outcome = "accepted" | "refused";

/** Both functions draw a case from its seed alone. */
export interface Target {
  /** Throws what must not happen. */
  run(seed: number): Outcome | Promise<Outcome>;
  /** Writes the case's input to `path`, where it is a file or a folder. */
  save?(seed: number, path: string): Promise<void>;
}

const MAX_MESSAGE = 4000;

/** @throws the error itself if it is none of ours, or says too much */
export function refused(error: unknown): Outcome {
  const { code, message } = describeError(error);
  if (code === "internal") throw error;
  if (message.length > MAX_MESSAGE)
    throw new Error(`a message of ${message.length} characters: ${message.slice(0, 200)}`, { cause: error });
  return "refused";
}

/** "accepted" where the promise is kept, "refused" where it ends in an error of ours. */
export const outcomeOf = (attempt: () => unknown): Promise<Outcome> =>
  (async () => await attempt())().then((): Outcome => "accepted", refused);
