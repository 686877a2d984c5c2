/** @file The request of `infer`: a JSON object, and after it the binary tensors. */

import { Ajv } from "ajv";
import { ServerError } from "../../errors.js";
import { tensorOfBytes } from "../../tensors/bytes.js";
import { requireDatatype, wrongTensor } from "../../tensors/errors.js";
import { tensorOfJson } from "../../tensors/json.js";
import type { Tensor } from "../../tensors/tensor.js";
import { parseObject } from "../parse-object.js";
import { describeFault } from "./schema-fault.js";

export interface RequestedOutput {
  readonly name: string;
  readonly binary: boolean;
  /** Number of classes to return instead of the values. */
  readonly classification?: number;
}

export interface InferRequest {
  readonly id?: string;
  readonly inputs: readonly Tensor[];
  /** The requested outputs; absent if all are requested. */
  readonly outputs?: readonly RequestedOutput[];
  /** Whether outputs are binary by default. */
  readonly binaryOutput: boolean;
}

/** The JSON Schema of the request; tensor data are checked only when they are read. */
export const inferRequestSchema = {
  type: "object",
  required: ["inputs"],
  properties: {
    id: { type: "string", maxLength: 256 },
    parameters: { type: "object", properties: { binary_data_output: { type: "boolean" } } },
    inputs: {
      type: "array",
      minItems: 1,
      maxItems: 256,
      items: {
        type: "object",
        required: ["name", "shape", "datatype"],
        properties: {
          name: { type: "string", maxLength: 1024 },
          shape: { type: "array", maxItems: 16, items: { type: "integer", minimum: 0, maximum: 2147483647 } },
          datatype: { type: "string", maxLength: 16 },
          parameters: { type: "object", properties: { binary_data_size: { type: "integer", minimum: 0 } } },
          data: { type: "array" },
        },
      },
    },
    outputs: {
      type: "array",
      maxItems: 256,
      items: {
        type: "object",
        required: ["name"],
        properties: {
          name: { type: "string", maxLength: 1024 },
          parameters: {
            type: "object",
            properties: { binary_data: { type: "boolean" }, classification: { type: "integer", minimum: 0 } },
          },
        },
      },
    },
  },
} as const;

interface Body {
  readonly id?: string;
  readonly parameters?: { readonly binary_data_output?: boolean };
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly datatype: string;
    readonly parameters?: { readonly binary_data_size?: number };
    readonly data?: readonly unknown[];
  }[];
  readonly outputs?: readonly {
    readonly name: string;
    readonly parameters?: { readonly binary_data?: boolean; readonly classification?: number };
  }[];
}

const validate = new Ajv().compile<Body>(inferRequestSchema);

/**
 * @param headerLength  the header `Inference-Header-Content-Length`: length of the JSON object in bytes
 * @throws {ServerError} if the request is malformed
 */
export function readInferRequest(body: Uint8Array, headerLength: string | undefined): InferRequest {
  const jsonBytes = headerLength === undefined ? body.length : headerBytes(headerLength, body.length);
  const object = parseObject(body.subarray(0, jsonBytes)) as unknown;
  if (!validate(object)) {
    const [fault] = validate.errors!;
    throw new ServerError("invalid-request", describeFault(fault!), {
      action: "The page /docs shows a request of the Open Inference Protocol.",
    });
  }
  const binary = body.subarray(jsonBytes);
  let at = 0;
  const inputs = object.inputs.map(({ name, shape, datatype: type, parameters, data }): Tensor => {
    const datatype = requireDatatype(name, type);
    const size = parameters?.binary_data_size;
    if ((size === undefined) === (data === undefined))
      throw wrongTensor(`The input "${name}" needs either data or binary_data_size.`);
    if (size === undefined) return tensorOfJson(name, datatype, shape, data!);
    if (at + size > binary.length)
      throw wrongTensor(
        `The input "${name}" should have ${size} binary bytes, but the body has ${binary.length - at} left.`,
      );
    at += size;
    return tensorOfBytes(name, datatype, shape, binary.subarray(at - size, at));
  });
  if (at !== binary.length)
    throw wrongTensor(
      `The body has ${binary.length - at} bytes beyond its inputs.`,
      "Correct binary_data_size or Inference-Header-Content-Length.",
    );
  const binaryOutput = object.parameters?.binary_data_output ?? false;
  return {
    ...(object.id === undefined ? {} : { id: object.id }),
    inputs,
    ...(object.outputs === undefined || object.outputs.length === 0
      ? {}
      : {
          outputs: object.outputs.map(({ name, parameters }) => ({
            name,
            binary: parameters?.binary_data ?? binaryOutput,
            ...(parameters?.classification ? { classification: parameters.classification } : {}),
          })),
        }),
    binaryOutput,
  };
}

function headerBytes(text: string, total: number): number {
  const bytes = Number(text);
  if (!/^\d{1,10}$/.test(text) || bytes > total)
    throw new ServerError(
      "invalid-request",
      "Inference-Header-Content-Length must be a number of bytes, at most the length of the body.",
      {
        action: "Send the length of the JSON object.",
      },
    );
  return bytes;
}
