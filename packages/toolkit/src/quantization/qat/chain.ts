/**
 * @file Progressive quantization: decreasing bit widths, where each stage begins with the weights of the one before. Few bits
 * gain most from this. Source: Zhuang et al. 2018, arXiv:1711.00205; Li et al. 2020 (APoT), arXiv:1909.13144, train ResNet-20
 * in this way.
 */

import { type Graph, simplifyForImport } from "@subbyte/graph";
import { UsageError } from "../../errors.js";
import { evaluateGraph } from "../../evaluation/index.js";
import { hasCheckpoint } from "../../training/run-files.js";
import { snapBiases } from "../biases.js";
import { withoutFakeQuant } from "../fake-quant.js";
import { checkBits } from "../policy.js";
import type { QatOptions, QatResult } from "./options.js";
import { trainQuantized } from "./qat.js";

/** Options of training at decreasing bit widths, each stage from the weights of the one before. */
export interface ChainOptions {
  /** The float network, with batch norm or without. */
  readonly source: Graph;
  /** Decreasing bit widths of weights and activations, each 2 … 8. */
  readonly bits: readonly number[];
  /** Inserts FakeQuant nodes at the given bit width into a float network and calibrates them. */
  readonly quantize: (float: Graph, bits: number) => Promise<Graph>;
  /** Training options of a stage, including its output folder. The chain sets the graph that the stage starts from. */
  readonly stage: (bits: number) => Omit<QatOptions, "graph" | "source">;
  /** Called after each stage. */
  readonly onStage?: (stage: ChainStage) => Promise<void> | void;
}

/** A finished stage of a chain. */
export interface ChainStage {
  readonly bits: number;
  readonly result: QatResult;
}

/**
 * Trains a network at decreasing bit widths. When resumed, finished stages are read from their checkpoints, and training
 * continues with the first unfinished stage.
 *
 * @throws {UsageError} if the bit widths do not decrease, and the errors of `trainQuantized`
 */
export async function trainChain(options: ChainOptions): Promise<readonly ChainStage[]> {
  const { source, bits, quantize, stage, onStage } = options;
  checkChain(bits);
  const float = simplifyForImport(source);
  const stages: ChainStage[] = [];
  let learned = float;
  for (const stageBits of bits) {
    const settings = stage(stageBits);
    const graph = await betterStart([learned, float], (each) => quantize(each, stageBits), settings);
    const resume = settings.resume === true && settings.out !== undefined && hasCheckpoint(settings.out);
    const result = await trainQuantized({ ...settings, graph, source, resume });
    stages.push({ bits: stageBits, result });
    await onStage?.({ bits: stageBits, result });
    learned = withoutFakeQuant(result.best.graph);
  }
  return stages;
}

/** @throws {UsageError} if bit widths do not decrease or are out of range */
export function checkChain(bits: readonly number[]): void {
  if (bits.length === 0)
    throw new UsageError(
      "option-value",
      { option: "bits", value: "", expected: "a list" },
      "`bits`: give at least one bit width",
    );
  for (const each of bits) checkBits(each, "bits");
  const rising = bits.find((each, i) => i > 0 && each >= bits[i - 1]!);
  if (rising !== undefined)
    throw new UsageError(
      "option-value",
      { option: "bits", value: bits.join(","), expected: "decreasing bit widths" },
      `\`bits\` ${bits.join(",")} does not decrease at ${rising}; each stage begins with the result of the one before, so the largest bit width comes first`,
    );
}

/** The calibrated network with the lower loss on the validation images; without such images, the first. */
async function betterStart(
  floats: readonly Graph[],
  quantize: (float: Graph) => Promise<Graph>,
  { validation, mean, std, session = {} }: Omit<QatOptions, "graph" | "source">,
): Promise<Graph> {
  const [first, ...others] = [...new Set(floats)] as [Graph, ...Graph[]];
  let best = { graph: await quantize(first), loss: Number.POSITIVE_INFINITY };
  if (!validation || others.length === 0) return best.graph;
  const lossOf = async (graph: Graph) =>
    (await evaluateGraph(snapBiases(graph), validation, { ...session, mean, std })).loss;
  best = { ...best, loss: await lossOf(best.graph) };
  for (const float of others) {
    const graph = await quantize(float);
    const loss = await lossOf(graph);
    if (loss < best.loss) best = { graph, loss };
  }
  return best.graph;
}
