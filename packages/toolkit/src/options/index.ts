/** @file The options of all tasks, as data: `@subbyte/toolkit/options`. Loads nothing that needs Node. */

export type { OptionDefinition, OptionFacts, OptionGroup, OptionKind } from "./definition.js";
export { optionGroups } from "./definition.js";
export { architectureNames, downloadNames, methodNames, optimizerNames, scheduleNames } from "./facts.js";
export { checkOption, isOption, optionNames, optionOf, parseOptions, readersOf } from "./parse.js";
export { layerOverrides, reconstructionSettings } from "./quantization.js";
export { type OptionName, type OptionValue, options } from "./table.js";
export { type TaskDefinition, type TaskName, taskNames, tasks } from "./tasks.js";
export { camelCase, kebabCase, valueOfText } from "./text.js";
export type { Reads, TaskInput, TaskOptions } from "./types.js";
