/** @file A target of the fuzzer, and how it may refuse an input: with an error of ours, in a sentence of reasonable length. */

import { describeError } from "@subbyte/toolkit/errors";

export type Outcome = "accepted" | "refused";

/** Both functions derive a case from its seed alone. */
export interface Target {
  /** Runs a case; throws if a fault occurs. */
  run(seed: number): Outcome | Promise<Outcome>;
  /** Writes the case's input to `path`, if the input is a file or a folder. */
  save?(seed: number, path: string): Promise<void>;
}

const MAX_MESSAGE = 4000;

/** @throws the error itself if it is not one of ours; an error if the message is too long */
export function refused(error: unknown): Outcome {
  const { code, message } = describeError(error);
  if (code === "internal") throw error;
  if (message.length > MAX_MESSAGE)
    throw new Error(`a message of ${message.length} characters: ${message.slice(0, 200)}`, { cause: error });
  return "refused";
}

/** "accepted" if the attempt succeeds, "refused" if it ends in an error of ours. */
export const outcomeOf = (attempt: () => unknown): Promise<Outcome> =>
  (async () => await attempt())().then((): Outcome => "accepted", refused);
