/** @file The options of a run's tasks, from the parts of a study that apply to its cell. */

import { type OptionName, optionNames, type TaskName } from "../options/index.js";
import { type Bag, type Cell, type SettingTask, type StudyDefinition, selects } from "./definition.js";

/** Options whose values a `.sbq` file contains. */
const storedInFile = new Set<OptionName>(["arch", "classes", "stem", "size", "resizeTo", "mean", "std"]);
/** Options that name the source of a float network; later tasks get the resulting file instead. */
const origins: readonly OptionName[] = ["model", "from"];

/** A task of a run with its options, without models and folders, which the run adds. */
export interface Step {
  readonly task: TaskName;
  readonly options: Bag;
}

/**
 * The options of a task for a cell. Later sources override earlier ones: the study's settings for the task, its network, data
 * set, method and bit width, the settings for selected cells, the seed.
 *
 * @param cell its known values: a float network has no method, bit width and seed
 */
export function optionsFor(
  study: StudyDefinition,
  task: SettingTask,
  cell: Partial<Cell> & Pick<Cell, "network" | "data">,
): Bag {
  const { networks, data, methods, bits, tasks, settings, threads } = study;
  const method = cell.method === undefined ? undefined : methods[cell.method];
  const isQuantized = method !== undefined && task === "evaluate";
  const layers: readonly (Bag | undefined)[] = [
    // A study measures networks that collapsed, too.
    task === "quantize" ? { force: true } : undefined,
    tasks[task],
    networks[cell.network],
    data[cell.data],
    method?.task === task ? method.options : undefined,
    cell.bits === undefined ? undefined : bits[cell.bits]?.options,
    ...settings.filter(({ where }) => selects(where, cell)).map((each) => each.tasks[task]),
    cell.seed === undefined ? undefined : { seed: cell.seed },
    { threads },
  ];
  const reads = new Set(optionNames(task));
  const entries = layers
    .flatMap((layer) => Object.entries(layer ?? {}) as (readonly [OptionName, unknown])[])
    .filter(([name]) => reads.has(name) && !(origins.includes(name) && task !== "train"))
    .filter(([name]) => !(isQuantized && storedInFile.has(name)));
  return Object.fromEntries(entries);
}

/** Whether an option names a file or a folder that the result depends on. */
export const isInputPath = (name: string, value: unknown): value is string =>
  typeof value === "string" && (["data", "model", "from", "policy"] as readonly string[]).includes(name);
