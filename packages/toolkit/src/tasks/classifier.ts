/** @file Runs a model as a classifier of batches, by the options. */

import type { Preprocessing } from "@subbyte/engine";
import { defined } from "../defined.js";
import { type Classify, floatClassifier, integerClassifier } from "../evaluation/index.js";
import type { OpenedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { type Device, runtimeOptions } from "../runtime/runtime-options.js";
import { codesClassifier, simulatedClassifier } from "../simulation/classifier.js";
import { lift } from "../simulation/lift.js";
import { integerProgram } from "./model.js";

export interface Classifier {
  readonly classify: Classify;
  close(): Promise<void>;
}

export async function classifierOf(
  model: OpenedModel,
  preprocessing: Preprocessing,
  options: Pick<TaskOptions<"evaluate">, "simulate" | "tier" | "disableQuantQdq" | "threads"> & {
    readonly device?: Device | undefined;
  },
): Promise<Classifier> {
  const { mean, std, channels, height, width } = preprocessing;
  const { simulate, tier, disableQuantQdq } = options;
  const runtime = runtimeOptions(options);
  if (model.kind === "float" || (model.kind === "calibrated" && simulate === undefined))
    return floatClassifier(model.executable, [channels, height, width], { mean, std, disableQuantQdq, ...runtime });
  if (model.kind === "calibrated") {
    if (simulate === "float") return simulatedClassifier(model.graph, { mean, std, ...runtime });
    return codesClassifier(integerProgram(model, preprocessing), runtime);
  }
  if (simulate === "float") return simulatedClassifier(lift(model.program), { mean, std, ...runtime });
  if (simulate === "codes") return codesClassifier(model.program, runtime);
  return integerClassifier(model.bytes, { tier, ...defined({ threads: options.threads }) });
}
