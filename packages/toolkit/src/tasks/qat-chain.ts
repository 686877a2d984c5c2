/**
 * @file The task `qat` with a chain of bit widths: each has its own training, which begins with the result of the one before,
 * and its own file.
 */

import { join } from "node:path";
import type { Graph } from "@subbyte/graph";
import { bitsName } from "../bits-name.js";
import { UsageError } from "../errors.js";
import type { TaskOptions } from "../options/index.js";
import { checkChain, trainChain } from "../quantization/qat/index.js";
import { quantizeGraph } from "../quantization/quantize.js";
import type { QatStage } from "../report/qat-result.js";
import { bitPolicy } from "./bit-policy.js";
import { finishedStage, type QatRun, stageOptions, stageSettings } from "./qat-stage.js";
import { calibrationEvents, type FloatStart } from "./quantized-start.js";
import type { Run } from "./run.js";

/** The bit policy of a stage. */
export const stagePolicy = (options: TaskOptions<"qat">, bits: number) =>
  bitPolicy({ ...options, weights: bits, activations: bits });

/** @throws {UsageError} if bit widths do not decrease, or another option gives them, too */
export function checkChainOptions(bits: readonly number[], run: Run): void {
  checkChain(bits);
  const other = (["weights", "activations"] as const).find((name) => run.given.has(name));
  if (other !== undefined)
    throw new UsageError(
      "option-conflict",
      { options: [other, "bits"] },
      `\`${other}\` and \`bits\` both give the bit width of weights and activations: with \`bits\` each stage has its own; leave one out.`,
    );
}

/** @param source the float network */
export async function trainedChain(
  qat: QatRun,
  source: Graph,
  settings: FloatStart["settings"],
  bits: readonly number[],
): Promise<readonly QatStage[]> {
  const { options, run, images } = qat;
  const stages: QatStage[] = [];
  const settingsOf = (width: number) => stageSettings(qat, width);
  const epochsAfter = (width: number) =>
    bits.filter((later) => later < width).reduce((sum, later) => sum + settingsOf(later).rates.epochs, 0);
  const calibration = calibrationEvents(run, Math.min(options.calibrationImages, images.length));
  await trainChain({
    source,
    bits,
    quantize: (float, width) => {
      run.phase("calibrating", `${width} bits`, { bits: width });
      return quantizeGraph(float, images, { ...settings, ...calibration, policy: stagePolicy(options, width) });
    },
    stage: (width) => {
      const stage = { bits: width, epochsAfter: epochsAfter(width) };
      return stageOptions(qat, settingsOf(width), join(options.out, bitsName(width)), stage);
    },
    onStage: async ({ bits: width, result }) => {
      const stage = await finishedStage(qat, settingsOf(width), result, `${bitsName(width)}.sbq`);
      stages.push({ bits: width, ...stage });
    },
  });
  return stages;
}
