/** @file The command lines that do the same as a run, with paths as in the study. */

import { bitsName } from "../bits-name.js";
import { kebabCase } from "../options/index.js";
import { commandLine } from "../shell.js";
import type { SettingTask } from "./definition.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";
import type { Step } from "./run-options.js";

/** One command per step of the run; none for latency, which is measured by a race. */
export function commandsOf(run: PlannedRun, { runs }: Pick<StudyPlan, "runs">): readonly string[] {
  const [float, chain] = run.needs.map((index) => runs[index]!);
  return run.steps.map(({ task, options }) => {
    const file = run.file ?? (run.stage === undefined ? madeFile(run) : `${chain!.id}/${bitsName(run.stage)}.sbq`);
    const source = { train: [], quantize: [floatName(float)], qat: [floatName(float)], evaluate: [file] };
    const target = { train: run.id, quantize: file, qat: run.id, evaluate: undefined };
    const [given, out] = [source[task as SettingTask], target[task as SettingTask]];
    return commandLine(["subbyte", task, ...given, ...flagsOf(out ? { ...options, out } : options)]);
  });
}

const floatName = (float: PlannedRun | undefined): string => float?.file ?? (float ? madeFile(float) : "");

/** The file that the first step writes. */
function madeFile({ id, steps }: PlannedRun): string {
  const names = { train: "best.safetensors", quantize: "model.sbq", qat: "best.sbq", evaluate: "" };
  return `${id}/${names[steps[0]!.task as SettingTask]}`;
}

const FLAG = "--";

const flagsOf = (options: Step["options"]): readonly string[] =>
  Object.entries(options).flatMap(([name, value]) => {
    if (typeof value === "boolean") return [FLAG + (value ? "" : "no-") + kebabCase(name)];
    return [FLAG + kebabCase(name), String(value)];
  });
