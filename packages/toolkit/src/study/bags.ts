/** @file The options in a study's file; the schema of options checks them. */

import { distance } from "fastest-levenshtein";
import {
  camelCase,
  checkOption,
  isOption,
  kebabCase,
  type OptionName,
  optionNames,
  optionOf,
  type TaskName,
  valueOfText,
} from "../options/index.js";
import { type Bag, settingTasks } from "./definition.js";
import type { LinedDocument, ValuePath } from "./document.js";

/** Options that a study sets itself, from its axes and folders. (The seed of a float network is an option of its training.) */
const reserved = new Set<OptionName>([
  ...(["model", "data", "split", "out", "seed", "threads", "weights", "activations"] as const),
  ...(["resume", "overwrite", "checkpoint", "predictions", "simulate", "tensorboard"] as const),
]);
const isReserved = (name: OptionName, task?: TaskName): boolean =>
  reserved.has(name) && !(task === "train" && name === "seed");

/** A place in a study's file that holds options, and the options that are allowed there. */
export interface BagKind {
  /** The tasks that read the options; an option is checked by the rules of the first of them. */
  readonly tasks: readonly TaskName[];
  readonly allows: (name: OptionName) => boolean;
}

/** Options of one task. */
export const taskBag = (task: TaskName): BagKind => ({ tasks: [task], allows: (name) => !isReserved(name, task) });

const inGroups =
  (groups: readonly string[], more: readonly OptionName[], without: readonly OptionName[]) =>
  (name: OptionName): boolean =>
    more.includes(name) || (!without.includes(name) && groups.includes(optionOf("train", name).group));

/** Options of a method. It may calibrate on other images than those of the study, or on `none`. */
export const methodBag = (task: TaskName): BagKind => ({
  tasks: [task],
  allows: (name) => name === "data" || !isReserved(name, task),
});

/** Options of a network, for all tasks. */
export const networkBag: BagKind = { tasks: settingTasks, allows: inGroups(["Model"], ["size"], ["compare"]) };
/** Options of a data set, and of augmentation in training. */
export const dataBag: BagKind = {
  tasks: settingTasks,
  allows: inGroups(["Images", "Augmentation"], ["data"], ["split"]),
};
/** An entry of the axis of bit widths. */
export const bitsBag: BagKind = {
  tasks: ["quantize", "qat"],
  allows: inGroups(["Bit widths", "Budget"], [], []),
};

/**
 * Checks a mapping of options, adding faults with their lines to the document.
 * @param place of the mapping in the document
 */
export function checkBag(
  document: LinedDocument,
  place: ValuePath,
  given: Readonly<Record<string, unknown>>,
  kind: BagKind,
): Bag {
  const allowed = [...new Set(kind.tasks.flatMap((task) => optionNames(task)))].filter(kind.allows);
  const bag: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const path = [...place, key];
    const name = camelCase(key);
    if (!isOption(name) || !allowed.includes(name)) {
      document.fault(path, unknownOption(key, allowed));
      continue;
    }
    const task = kind.tasks.find((each) => optionNames(each).includes(name))!;
    try {
      bag[name] = checkOption(task, name, typeof value === "string" ? valueOfText(optionOf(task, name), value) : value);
    } catch (error) {
      document.fault(path, (error as Error).message);
    }
  }
  return bag;
}

function unknownOption(key: string, allowed: readonly OptionName[]): string {
  const name = camelCase(key);
  if (isOption(name) && isReserved(name)) return `"${key}" is decided by the study; leave it out.`;
  return `"${key}" is not an option that is allowed here; ${nearest(key, allowed.map(kebabCase))}`;
}

/** The end of a message: `did you mean "lr"?`, or a list of the names. */
export function nearest(given: string, names: readonly string[]): string {
  const best = names.toSorted((a, b) => distance(a, given) - distance(b, given))[0];
  if (best !== undefined && distance(best, given) <= Math.max(2, given.length / 3)) return `did you mean "${best}"?`;
  return `there are ${names.join(", ")}.`;
}
