/** @file `subbyte study run` executes the runs of a study, all or some. */

import { FailedRunError } from "@subbyte/toolkit/errors";
import type { StudyStateResult } from "@subbyte/toolkit/tasks";
import { defineCommand } from "../../command.js";
import { stateText } from "../../study-text.js";

export const run = defineCommand("study run", {
  examples: [
    "study run smoke",
    "study run resnet20 --files ../shared --jobs 2",
    "study run widths.yaml --imports resnet18/cifar10=runs/train/best.safetensors",
    "study run studies/widths --index 12",
  ],
  run: async (input, { context, deliver }) => {
    const { runStudyRuns } = await import("@subbyte/toolkit/tasks");
    const result = await runStudyRuns(input, context);
    await deliver(result, stateText(result));
    requireSuccess(result, input.index);
  },
});

/** @throws {FailedRunError} if runs failed, so that schedulers see which index to try again */
function requireSuccess({ runs, folder }: StudyStateResult, index: readonly number[] | undefined): void {
  const wanted = index === undefined ? runs : index.map((each) => runs[each]!);
  const failed = wanted.filter(({ state }) => state === "failed").map(({ run: { id } }) => id);
  if (failed.length === 0) return;
  throw new FailedRunError(
    "runs-failed",
    { runs: failed },
    `${failed.length} of ${wanted.length} runs failed: ${failed.join(", ")}. The others are finished; ` +
      `subbyte study run ${folder} tries these again.`,
  );
}
