/** @file Models for LiteRT (TensorFlow Lite): float32 from float networks, int8 from quantized ones. See docs/tflite.md. */

import { simplifyForImport } from "@subbyte/graph";
import type { FloatModel, QuantizedModel } from "../../model-file/index.js";
import { graphToTflite } from "./graph-to-tflite.js";
import { type ProgramToTfliteOptions, programToTflite } from "./program-to-tflite.js";

export { isTflite, readTflite, writeTflite } from "./file.js";
export { graphToTflite } from "./graph-to-tflite.js";
export { type LayerRanges, type ProgramToTfliteOptions, programToTflite } from "./program-to-tflite.js";
export { measureRanges } from "./ranges.js";

/**
 * The bytes of a `.tflite` file: int8 for a `.sbq`, float32 for a float network.
 * @param options only for int8
 * @throws {ModelError} `no-tflite-form` if an operator or a bit width cannot be expressed
 */
export function toTflite(
  model: FloatModel | QuantizedModel,
  options: ProgramToTfliteOptions = {},
): Uint8Array<ArrayBuffer> {
  return model.kind === "quantized"
    ? programToTflite(model.program, options)
    : graphToTflite(simplifyForImport(model.graph));
}
