/** @file All options by name; an option has the same meaning in every task that reads it. */

import { classifyOptions } from "./classify.js";
import type { OptionDefinition } from "./definition.js";
import { imageOptions } from "./images.js";
import { modelOptions } from "./model.js";
import { bitWidthOptions, budgetOptions, methodOptions } from "./quantization.js";
import { downloadOptions, measurementOptions, outputOptions, runOptions } from "./run.js";
import { servingOptions } from "./serving.js";
import { studyOptions } from "./study.js";
import { qatOptions, trainingOptions } from "./training.js";

/** All options by name, with help, unit, range and default. */
export const options = {
  ...modelOptions,
  ...imageOptions,
  ...bitWidthOptions,
  ...budgetOptions,
  ...methodOptions,
  ...trainingOptions,
  ...qatOptions,
  ...classifyOptions,
  ...measurementOptions,
  ...downloadOptions,
  ...servingOptions,
  ...studyOptions,
  ...outputOptions,
  ...runOptions,
} as const satisfies Readonly<Record<string, OptionDefinition>>;

export type Options = typeof options;
/** The name of an option, in camelCase. */
export type OptionName = keyof Options;
/** The type of an option's value. */
export type OptionValue<Name extends OptionName> = Options[Name] extends OptionDefinition<infer Value> ? Value : never;
