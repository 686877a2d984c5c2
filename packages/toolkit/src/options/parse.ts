/** @file Turns input into the options of a task: refuses unknown names, checks values and fills in defaults. */

import type { ErrorValue } from "@subbyte/graph";
import * as v from "valibot";
import { UsageError } from "../errors.js";
import type { OptionDefinition, OptionFacts } from "./definition.js";
import { type OptionName, options } from "./table.js";
import { type TaskDefinition, type TaskName, taskNames, tasks } from "./tasks.js";
import type { TaskOptions } from "./types.js";

/** The definition of an option for a task: the task's own facts replace the common ones. */
export function optionOf(task: TaskName, name: OptionName): OptionDefinition {
  const own: Partial<OptionFacts> = (tasks[task] as TaskDefinition).own[name] ?? {};
  return { ...(options[name] as OptionDefinition), ...own };
}

/** Names of the options that a task reads, in the order of its help. */
export const optionNames = (task: TaskName): readonly OptionName[] => (tasks[task] as TaskDefinition).reads;

/** Whether there is an option of this name. */
export const isOption = (name: string): name is OptionName => Object.hasOwn(options, name);

/** The tasks that read an option. */
export const readersOf = (name: OptionName): readonly TaskName[] =>
  taskNames.filter((task) => optionNames(task).includes(name));

/**
 * @param given values by name; `undefined` counts as absent
 * @throws {UsageError} for an option that the task does not read, for an invalid value, and for a missing option
 */
export function parseOptions<Task extends TaskName>(
  task: Task,
  given: Readonly<Record<string, unknown>>,
): TaskOptions<Task> {
  for (const [name, value] of Object.entries(given)) if (value !== undefined) requireRead(task, name);
  const entries = optionNames(task).flatMap((name): [string, unknown][] => {
    const value = given[name] ?? optionOf(task, name).default;
    return value === undefined ? [] : [[name, checkOption(task, name, value)]];
  });
  const parsed = Object.fromEntries(entries);
  for (const name of (tasks[task] as TaskDefinition).needs) if (!(name in parsed)) throw missing(task, name);
  return parsed as TaskOptions<Task>;
}

function requireRead(task: TaskName, name: string): void {
  if (!isOption(name))
    throw new UsageError(
      "option-choice",
      { option: name, value: name, allowed: optionNames(task) },
      `there is no option "${name}". ${task} reads ${listed(optionNames(task))}.`,
    );
  if (optionNames(task).includes(name)) return;
  throw new UsageError(
    "option-unread",
    { option: name, task, allowed: readersOf(name) },
    `${task} does not read \`${name}\`, which belongs to ${readersOf(name).join(", ")}; leave it out.`,
  );
}

/** @throws {UsageError} if the option does not take this value */
export function checkOption(task: TaskName, name: OptionName, value: unknown): unknown {
  const { schema, takes, unit } = optionOf(task, name);
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const counted =
    unit !== undefined && unit !== "bytes" && unit !== "threads" && takes.includes("number") ? ` (${unit})` : "";
  throw new UsageError(
    "option-value",
    { option: name, value: (value ?? null) as ErrorValue, expected: takes },
    `\`${name}\` ${shown(value)}: it takes ${takes}${counted}.`,
  );
}

function missing(task: TaskName, name: OptionName): UsageError {
  const { example = "…" } = optionOf(task, name);
  return new UsageError(
    "option-missing",
    { option: name },
    `\`${name}\` is missing; for example \`${name}\` ${example}.`,
  );
}

const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
