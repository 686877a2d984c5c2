/** @file The definition of an option: a Valibot schema of its value, with its help and other facts. */

import * as v from "valibot";

/** How a form shows an option, and how text on a command line becomes its value. */
export type OptionKind = "flag" | "number" | "text" | "numbers" | "texts";

/** Options are shown in these groups, in this order. */
export const optionGroups = [
  "Study",
  "Model",
  "Images",
  "Bit widths",
  "Budget",
  "Method",
  "Training",
  "Augmentation",
  "Measurement",
  "Server",
  "Limits",
  "Output",
  "Run",
] as const;
/** Heading under which `--help` lists an option. */
export type OptionGroup = (typeof optionGroups)[number];

/** Everything about an option except its type: help text, unit, default. */
export interface OptionFacts<Value = unknown> {
  readonly group: OptionGroup;
  /** One line of help. */
  readonly help: string;
  /** Whether the option is listed after the common ones. */
  readonly advanced?: true;
  /** Unit of a number. */
  readonly unit?:
    | "bits"
    | "bytes"
    | "images"
    | "pixels"
    | "ms"
    | "minutes"
    | "steps"
    | "epochs"
    | "percent"
    | "points"
    | "threads";
  /** The word for the value in help: `--weights <bits>`. */
  readonly placeholder?: string;
  /** An example of a value, as typed on the command line. */
  readonly example?: string;
  /** Value if the option is left out. Without a default the option may be absent. */
  readonly default?: Value;
}

/** An option of a task: its facts, its type, and the check of its value. */
export interface OptionDefinition<Value = unknown> extends OptionFacts<Value> {
  readonly kind: OptionKind;
  /** Checks a value, and translates text forms such as `200kB` into the value. */
  readonly schema: v.GenericSchema<unknown, Value>;
  /** Description of valid values, which completes the sentence "it takes …". */
  readonly takes: string;
  readonly choices?: readonly string[];
}

type Defined<Value, Facts> = OptionDefinition<Value> & Facts;

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** A whole number, from 1 up unless `min` says otherwise. */
export function integer<const Facts extends OptionFacts<number> & Range>(facts: Facts): Defined<number, Facts> {
  const { min = 1, max } = facts;
  const whole = v.pipe(v.number(), v.integer(), v.minValue(min));
  return {
    ...facts,
    kind: "number",
    schema: (max === undefined ? whole : v.pipe(whole, v.maxValue(max))) as v.GenericSchema<unknown, number>,
    takes: max === undefined ? `a whole number from ${min} up` : `a whole number from ${min} to ${max}`,
  };
}

/** A finite number. */
export function decimal<const Facts extends OptionFacts<number> & Range>(facts: Facts): Defined<number, Facts> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = facts;
  const bounds = [
    ...(Number.isFinite(min) ? [v.minValue<number, number>(min)] : []),
    ...(Number.isFinite(max) ? [v.maxValue<number, number>(max)] : []),
  ];
  const range = Number.isFinite(max) ? ` from ${min} to ${max}` : Number.isFinite(min) ? ` from ${min} up` : "";
  return {
    ...facts,
    kind: "number",
    schema: v.pipe(v.number(), v.finite(), ...bounds) as v.GenericSchema<unknown, number>,
    takes: `a number${range}`,
  };
}

/** An option that is on or off. */
export const flag = <const Facts extends OptionFacts<boolean>>(facts: Facts): Defined<boolean, Facts> => ({
  ...facts,
  kind: "flag",
  schema: v.boolean(),
  takes: "true or false",
});

export const text = <const Facts extends OptionFacts<string>>(facts: Facts): Defined<string, Facts> => ({
  ...facts,
  kind: "text",
  schema: v.pipe(v.string(), v.nonEmpty()),
  takes: "a text",
});

/**
 * A text that matches a regular expression.
 *
 * @param takes description of valid values that completes the sentence "it takes …"
 */
export const fittingText = <const Facts extends OptionFacts<string>>(
  pattern: RegExp,
  takes: string,
  facts: Facts,
): Defined<string, Facts> => ({ ...facts, kind: "text", schema: v.pipe(v.string(), v.regex(pattern)), takes });

export const choice = <
  const Choices extends readonly [string, ...string[]],
  const Facts extends OptionFacts<Choices[number]>,
>(
  choices: Choices,
  facts: Facts,
): Defined<Choices[number], Facts> => ({
  ...facts,
  kind: "text",
  schema: v.picklist(choices),
  takes: `one of ${choices.join(", ")}`,
  choices,
});

/** A list of numbers, `0.485,0.456,0.406` as text. */
export const numbers = <const Facts extends OptionFacts<readonly number[]>>(
  facts: Facts,
  each: v.GenericSchema<number> = v.pipe(v.number(), v.finite()),
  takes = "numbers separated by commas",
): Defined<readonly number[], Facts> => ({
  ...facts,
  kind: "numbers",
  schema: v.pipe(v.array(each), v.nonEmpty()),
  takes,
});

/** A list of texts, `w4a4,w8a8` as one. */
export const texts = <const Facts extends OptionFacts<readonly string[]>>(
  facts: Facts,
  each: v.GenericSchema<string> = v.string(),
  takes = "names separated by commas",
): Defined<readonly string[], Facts> => ({
  ...facts,
  kind: "texts",
  schema: v.pipe(v.array(each), v.nonEmpty()),
  takes,
});

/** A size in bytes, as a number or as text such as `200kB`, in powers of 1000. */
export const fileSize = <const Facts extends OptionFacts<number>>(facts: Facts): Defined<number, Facts> => ({
  ...facts,
  unit: "bytes",
  kind: "text",
  schema: v.union([
    v.pipe(v.number(), v.minValue(1)),
    v.pipe(v.string(), v.regex(SIZE), v.transform(bytesOf)),
  ]) as v.GenericSchema<unknown, number>,
  takes: "a size such as 200kB or 3MB",
});

/** A pattern without flags, because JSON Schema has none. */
const SIZE = /^\s*(\d+(?:\.\d+)?)\s*([kKmMgG]?)[bB]?\s*$/;
const powers: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

function bytesOf(size: string): number {
  const [, number, prefix] = SIZE.exec(size) as unknown as [string, string, string];
  return Number(number) * powers[prefix.toLowerCase()]!;
}
