/** @file The format `sbq`, for the engine, from a quantized ONNX file. */

import { UsageError } from "../../errors.js";
import { writeFileAtomic } from "../../files.js";
import type { OpenedModel } from "../../model-file/index.js";
import { asIntegers } from "../model.js";
import { type Preparation, prepareImages } from "../preprocessing.js";
import type { Run } from "../run.js";
import type { ExportedFile, Exporter, ExportOptions } from "./definition.js";

/** The file of the engine, from a quantized ONNX file. */
export interface SbqResult extends ExportedFile {
  readonly format: "sbq";
  readonly preparation: Preparation;
}

const NORMALIZED = "its files contain their normalization";

export const sbq = { own: { mean: NORMALIZED, std: NORMALIZED, resizeTo: NORMALIZED }, write } satisfies Exporter;

async function write(opened: OpenedModel, options: ExportOptions, run: Run): Promise<SbqResult> {
  if (opened.kind !== "calibrated")
    throw new UsageError(
      "wrong-model-kind",
      { file: opened.path, expected: "quantized" },
      opened.kind === "float"
        ? `${opened.path} is a float network; the task \`quantize\` makes a .sbq of it.`
        : `${opened.path} is a .sbq already.`,
    );
  const preparation = prepareImages(opened, options, run);
  const { bytes } = asIntegers(opened, options);
  const out = options.out ?? `${opened.name}.sbq`;
  await writeFileAtomic(out, bytes);
  return { format: "sbq", model: opened.path, out, bytes: bytes.length, preparation };
}
