/** @file The command lines that do the same as a run, with paths as the study names them. */

import { kebabCase } from "../options/index.js";
import type { PlannedRun } from "./planned-run.js";
import type { Step } from "./run-options.js";

/** @param float the run of the float network, for runs that begin with one */
export function commandsOf(run: PlannedRun, float: PlannedRun | undefined): readonly string[] {
  const made = run.kind === "float" ? "best.safetensors" : "model.sbq";
  const file = run.file ?? `${run.id}/${made}`;
  return run.steps.map(({ task, options }) => {
    const { model, out } = {
      train: { model: undefined, out: run.id },
      quantize: { model: float && modelName(float), out: file },
      qat: { model: float && modelName(float), out: run.id },
      evaluate: { model: file, out: undefined },
    }[task as "train" | "quantize" | "qat" | "evaluate"];
    const words = ["subbyte", task, ...(model ? [model] : []), ...flagsOf(out ? { ...options, out } : options)];
    return words.map(quoted).join(" ");
  });
}

const modelName = ({ file, id }: PlannedRun): string => file ?? `${id}/best.safetensors`;

const FLAG = "--";

const flagsOf = (options: Step["options"]): readonly string[] =>
  Object.entries(options).flatMap(([name, value]) => {
    if (typeof value === "boolean") return [FLAG + (value ? "" : "no-") + kebabCase(name)];
    return [FLAG + kebabCase(name), String(value)];
  });

const quoted = (word: string): string => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
