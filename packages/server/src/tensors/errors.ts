/** @file Errors about tensors of a request; all protocols use them. */

import { ServerError } from "../errors.js";
import { type Datatype, elementCount, isDatatype } from "./tensor.js";

export const wrongTensor = (
  message: string,
  action = "Send what the model's metadata describes (GET /v2/models/NAME).",
): ServerError => new ServerError("invalid-tensor", message, { action });

export const wrongCount = (name: string, shape: readonly number[], found: number): ServerError =>
  wrongTensor(`The tensor "${name}" of shape [${shape}] has ${elementCount(shape)} elements, got ${found}.`);

/** @throws {ServerError} unless the name is a datatype of the Open Inference Protocol */
export function requireDatatype(input: string, datatype: string): Datatype {
  if (isDatatype(datatype)) return datatype;
  throw wrongTensor(`The input "${input}" has the unknown datatype ${JSON.stringify(datatype)}.`);
}
