/** @file The structure of a study's file; its options are checked by the schema of options. */

import * as v from "valibot";

const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.+-]*$/));
const options = v.record(v.string(), v.unknown());
const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

/** An object without other keys. Valibot's `strictObject` names only the first unknown key; this names all. */
const strictObject = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.objectWithRest(entries, v.never()) as unknown as v.StrictObjectSchema<Entries, undefined>;

/** One value, or a list of them. */
const some = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.union([
    v.pipe(v.array(schema), v.nonEmpty()),
    v.pipe(
      schema,
      v.transform((value) => [value] as v.InferOutput<Schema>[]),
    ),
  ]);
const value = v.union([v.string(), v.number()]);
const seed = v.pipe(v.number(), v.integer(), v.minValue(0));

const selector = strictObject({
  network: v.exactOptional(some(value)),
  data: v.exactOptional(some(value)),
  method: v.exactOptional(some(value)),
  bits: v.exactOptional(some(value)),
  seed: v.exactOptional(some(seed)),
});
export type RawSelector = v.InferOutput<typeof selector>;

const taskOptions = {
  train: v.exactOptional(options),
  quantize: v.exactOptional(options),
  qat: v.exactOptional(options),
  evaluate: v.exactOptional(options),
};

export const studySchema = strictObject({
  name,
  title: v.exactOptional(v.string()),
  description: v.exactOptional(v.string()),
  threads: v.exactOptional(positive),
  networks: v.record(name, options),
  data: v.record(name, options),
  methods: v.record(
    name,
    v.looseObject({ task: v.picklist(["quantize", "qat"]), chain: v.exactOptional(v.boolean()) }),
  ),
  bits: v.exactOptional(v.record(name, options)),
  matrix: selector,
  include: v.exactOptional(v.array(selector)),
  exclude: v.exactOptional(v.array(selector)),
  ...taskOptions,
  settings: v.exactOptional(v.array(strictObject({ where: selector, ...taskOptions }))),
  imports: v.exactOptional(
    v.array(
      strictObject({
        network: v.string(),
        data: v.string(),
        method: v.exactOptional(v.string()),
        bits: v.exactOptional(value),
        seed: v.exactOptional(seed),
        file: v.string(),
      }),
    ),
  ),
  latency: v.exactOptional(
    v.union([v.boolean(), strictObject({ browser: v.exactOptional(v.boolean()), turns: v.exactOptional(positive) })]),
  ),
});
export type RawStudy = v.InferOutput<typeof studySchema>;
