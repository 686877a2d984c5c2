/** @file The description of a program. */

import { isFilter, staysPacked } from "../kernels/choose.js";
import { type Plan, planProgram } from "../kernels/plan.js";
import { plannedBytes } from "../kernels/requirement.js";
import { elementCount } from "../operators/definition.js";
import { multiplyAdds } from "../operators/index.js";
import { parameterBytes } from "../operators/parameters.js";
import { memoryOf } from "../program/check.js";
import type { Program } from "../program/program.js";
import type { Tier } from "../wasm/modules.js";
import type { ModelInfo, TierName } from "./host.js";

/**
 * @param tier     the tier that will run it
 * @param threads number of threads that share its memory
 * @param plan the memory plan for that tier, if it has been made already
 */
export function modelInfo(program: Program, tier: TierName, threads: number, plan?: Plan): ModelInfo {
  const { name, classes, labels, probabilities = "softmax", preprocessing, provenance, operators } = program;
  const weighted = operators.filter((op) => "weights" in op);
  const weights = weighted.reduce((sum, op) => sum + elementCount(op.weights.shape), 0);
  const bits = weighted.reduce((sum, op) => sum + elementCount(op.weights.shape) * op.weights.bits, 0);
  return {
    name,
    classes,
    ...(labels === undefined ? {} : { labels }),
    probabilities,
    inputShape: program.tensors[program.input]!.shape as readonly [number, number, number],
    preprocessing,
    provenance,
    operators: operators.length,
    multiplyAdds: multiplyAdds(program),
    weights,
    weightBits: bits / Math.max(weights, 1),
    peakBytes:
      tier === "scalar"
        ? memoryOf(program).total
        : programBytes(program, tier) + plannedBytes(plan ?? planProgram(program, tier), threads),
  };
}

/** Bytes of the program itself: scales, biases, tables, and weights where they are unpacked. */
function programBytes(program: Program, tier: Tier): number {
  return program.operators.reduce((sum, op) => {
    const packed = isFilter(op) && staysPacked(program, tier, op) ? elementCount(op.weights.shape) : 0;
    return sum + parameterBytes(op) - packed;
  }, 256 * program.inputTables.length);
}

/** A number in millions with three significant digits. */
const millions = (count: number): string => String(Number((count / 1e6).toPrecision(3)));

/** The facts as a few lines of text. */
export function describeInfo(info: ModelInfo): string {
  const {
    name,
    inputShape,
    classes,
    probabilities,
    operators,
    multiplyAdds,
    weights,
    weightBits,
    peakBytes,
    provenance,
  } = info;
  return [
    `${name}: ${inputShape.join(" × ")} bytes to ${classes} classes${probabilities === "sigmoid" ? ", each decided by itself" : ""}`,
    `${operators} operators, ${millions(multiplyAdds)} million multiply-adds per image`,
    `${weights} weights at ${weightBits.toFixed(2)} bits on average, ${millions(peakBytes)} MB of memory`,
    ...Object.entries(provenance.accuracy ?? {}).map(([set, top1]) => `top-1 ${(100 * top1).toFixed(2)} % on ${set}`),
  ].join("\n");
}
