/** @file A model as a classifier of batches, run as the options say. */

import type { Preprocessing } from "@subbyte/engine";
import { defined } from "../defined.js";
import { type Classify, floatClassifier, integerClassifier } from "../evaluation/index.js";
import type { OpenedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
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
  options: Pick<TaskOptions<"evaluate">, "simulate" | "tier" | "disableQuantQdq" | "threads">,
): Promise<Classifier> {
  const { mean, std, channels, height, width } = preprocessing;
  const { simulate, tier, disableQuantQdq } = options;
  const threads = defined({ threads: options.threads });
  if (model.kind === "float" || (model.kind === "calibrated" && simulate === undefined))
    return floatClassifier(model.executable, [channels, height, width], { mean, std, disableQuantQdq, ...threads });
  if (model.kind === "calibrated") {
    if (simulate === "float") return simulatedClassifier(model.graph, { mean, std, ...threads });
    return codesClassifier(integerProgram(model, preprocessing), threads);
  }
  if (simulate === "float") return simulatedClassifier(lift(model.program), { mean, std, ...threads });
  if (simulate === "codes") return codesClassifier(model.program, threads);
  return integerClassifier(model.bytes, { tier, ...threads });
}
