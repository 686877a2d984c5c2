/** @file Checks a program's data about images, labels and its origin. */

import { invalid } from "../errors.js";
import type { Json, Program } from "./program.js";

const maxImageSize = 2 ** 16;
const maxTextLength = 2 ** 16;
const maxDepth = 8;

export function checkPreprocessing({ tensors, input, preprocessing, labels, classes, probabilities }: Program): void {
  const { channels, height, width, resize, resizeTo, mean, std } = preprocessing;
  const { shape } = tensors[input]!;
  if (channels !== 1 && channels !== 3) throw invalid("preprocessing.channels", `must be 1 or 3, is ${channels}`);
  for (const [axis, [name, size]] of Object.entries({ channels, height, width }).entries())
    if (size !== shape[axis])
      throw invalid(`preprocessing.${name}`, `is ${size}, but the input tensor has shape [${shape}]`);
  if (resize === "shorter-side") {
    const least = Math.max(height, width);
    if (!(Number.isInteger(resizeTo) && resizeTo! >= least && resizeTo! <= maxImageSize))
      throw invalid("preprocessing.resizeTo", `must be an integer in [${least}, ${maxImageSize}], is ${resizeTo}`);
  } else if (resize !== "exact") {
    throw invalid("preprocessing.resize", `must be "exact" or "shorter-side", is ${JSON.stringify(resize)}`);
  } else if (resizeTo !== undefined) {
    throw invalid("preprocessing.resizeTo", `belongs to "shorter-side" only`);
  }
  for (const [name, values] of Object.entries({ mean, std })) {
    if (values.length !== channels || !values.every(Number.isFinite))
      throw invalid(`preprocessing.${name}`, `must be ${channels} finite numbers, is [${values}]`);
  }
  if (std.some((value) => value <= 0)) throw invalid("preprocessing.std", `must be positive, is [${std}]`);
  if (probabilities !== undefined && probabilities !== "softmax" && probabilities !== "sigmoid")
    throw invalid("probabilities", `must be "softmax" or "sigmoid", is ${JSON.stringify(probabilities)}`);
  if (labels !== undefined && labels.length !== classes)
    throw invalid("labels", `must have one name per class, ${classes} in all, has ${labels.length}`);
  const tooLong = labels?.findIndex((label) => typeof label !== "string" || label.length > maxTextLength) ?? -1;
  if (tooLong !== -1) throw invalid(`labels[${tooLong}]`, `must be a text of at most ${maxTextLength} characters`);
}

const provenanceTypes = {
  command: "string",
  seed: "number",
  source: "string",
  sourceHash: "string",
  method: "string",
  accuracy: "object",
} as const;

export function checkProvenance({ provenance }: Program): void {
  checkJson("provenance", provenance as Json, maxDepth);
  for (const [name, type] of Object.entries(provenanceTypes)) {
    const value = provenance[name];
    if (value !== undefined && typeof value !== type) throw invalid(`provenance.${name}`, `must be a ${type}`);
  }
  if (provenance.sourceHash !== undefined && !/^[0-9a-f]{64}$/.test(provenance.sourceHash))
    throw invalid("provenance.sourceHash", "must be a SHA-256 in 64 lower-case hexadecimal digits");
  for (const [name, value] of Object.entries(provenance.accuracy ?? {}))
    if (!(typeof value === "number" && value >= 0 && value <= 1))
      throw invalid(`provenance.accuracy.${name}`, `must lie in [0, 1], is ${value}`);
}

/** Checks that a JSON value survives writing and reading: finite numbers, texts of bounded length, bounded depth. */
function checkJson(field: string, value: Json | undefined, depth: number): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw invalid(field, `is ${value}, which JSON cannot hold`);
  if (typeof value === "string" && value.length > maxTextLength)
    throw invalid(field, `must be a text of at most ${maxTextLength} characters`);
  if (!["undefined", "boolean", "number", "string", "object"].includes(typeof value))
    throw invalid(field, `is a ${typeof value}, which JSON cannot hold`);
  if (typeof value !== "object" || value === null) return;
  if (depth === 0) throw invalid(field, `is nested deeper than ${maxDepth} levels`);
  for (const [key, item] of Object.entries(value)) checkJson(`${field}.${key}`, item as Json, depth - 1);
}
