/**
 * @file The options of a task as JSON Schema, with which editors complete configuration files, servers check requests, and
 * pages build forms.
 */

import { toJsonSchema } from "@valibot/to-json-schema";
import type { OptionDefinition } from "./definition.js";
import { optionNames, optionOf } from "./parse.js";
import { type TaskDefinition, type TaskName, tasks } from "./tasks.js";

/** JSON Schema of draft 07, with `group`, `unit` and `advanced` in addition to the standard keywords. */
export interface OptionsSchema {
  readonly $schema: string;
  readonly title: string;
  readonly description: string;
  readonly type: "object";
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly required: readonly string[];
  readonly additionalProperties: false;
}

/**
 * The JSON Schema of the options of a task.
 *
 * @param partial whether required options may be absent, as in a configuration file to which the command line adds
 */
export function optionsSchema(task: TaskName, { partial = false } = {}): OptionsSchema {
  const { description, needs } = tasks[task] as TaskDefinition;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: task,
    description,
    type: "object",
    properties: Object.fromEntries(optionNames(task).map((name) => [name, propertyOf(optionOf(task, name))])),
    required: partial ? [] : needs,
    additionalProperties: false,
  };
}

function propertyOf({ schema, help, group, unit, advanced, default: value }: OptionDefinition) {
  const { $schema: _, ...keywords } = toJsonSchema(schema, { typeMode: "input", ignoreActions: ["finite"] });
  return {
    ...keywords,
    description: help,
    ...(value === undefined ? {} : { default: value }),
    group,
    advanced: advanced ?? false,
    ...(unit === undefined ? {} : { unit }),
  };
}
