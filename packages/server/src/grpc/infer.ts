/** @file ModelInfer takes typed or raw tensors, and answers with tensors of the same kind. */

import type { Cancellation } from "../cancellation.js";
import type { ServerContext } from "../context.js";
import { classesOf } from "../inference/classes.js";
import { inferTensors, requireOutputs } from "../inference/tensors.js";
import { shapeOf } from "../protobuf/onnx-runtime-server.js";
import type {
  InferRequestedOutput,
  InferTensor,
  InferTensorContents,
  ModelInferRequest,
  ModelInferResponse,
} from "../protobuf/open-inference.js";
import { dataToBytes, tensorOfBytes } from "../tensors/bytes.js";
import { requireDatatype, wrongCount, wrongTensor } from "../tensors/errors.js";
import { tensorOfJson } from "../tensors/json.js";
import { type Datatype, elementCount, type Tensor } from "../tensors/tensor.js";

/** The list that holds the values of each type; 16-bit floats are only sent raw. */
const lists: Readonly<Partial<Record<Datatype, keyof InferTensorContents>>> = {
  BOOL: "boolContents",
  INT8: "intContents",
  INT16: "intContents",
  INT32: "intContents",
  INT64: "int64Contents",
  UINT8: "uintContents",
  UINT16: "uintContents",
  UINT32: "uintContents",
  UINT64: "uint64Contents",
  FP32: "fp32Contents",
  FP64: "fp64Contents",
  BYTES: "bytesContents",
};

/** @throws {ServerError} if the request or the model is wrong */
export async function modelInfer(
  { repository, inference }: ServerContext,
  request: ModelInferRequest,
  cancellation: Cancellation,
): Promise<ModelInferResponse> {
  const { modelName, modelVersion, id, inputs, outputs: wanted, rawInputContents } = request;
  const model = repository.get(modelName, modelVersion);
  const isRaw = rawInputContents.length > 0;
  if (isRaw && rawInputContents.length !== inputs.length)
    throw wrongTensor(
      `The request has ${inputs.length} inputs and ${rawInputContents.length} raw contents.`,
      "Send one for each input, in order.",
    );
  const tensors = inputs.map((input, i) => tensorOf(input, isRaw ? rawInputContents[i]! : undefined));
  requireOutputs(
    model,
    wanted.map(({ name }) => name),
  );
  // Wrong parameters are reported before the model runs.
  wanted.forEach(classCount);
  const all = await inferTensors(inference, model, tensors, cancellation);
  const outputs =
    wanted.length === 0
      ? all
      : wanted.map((output) => {
          const found = all.find(({ name }) => name === output.name)!;
          const k = classCount(output);
          return k === 0 ? found : classesOf(found, k, model);
        });
  return {
    modelName: model.name,
    modelVersion: model.version,
    id,
    outputs: outputs.map(({ name, datatype, shape, ...tensor }) => ({
      name,
      datatype,
      shape,
      ...(isRaw ? {} : { contents: contentsOf({ name, datatype, shape, ...tensor } as Tensor) }),
    })),
    rawOutputContents: isRaw ? outputs.map(dataToBytes) : [],
  };
}

/** The parameter `classification`: the number of classes to return instead of the values; 0 for the values. */
function classCount({ name, parameters }: InferRequestedOutput): number {
  const { classification } = parameters;
  if (classification === undefined) return 0;
  const k = Number(classification.int64Param ?? classification.uint64Param);
  if (!(Number.isSafeInteger(k) && k >= 0))
    throw wrongTensor(
      `The parameter classification of the output "${name}" must be a number of classes, 0 or more.`,
      "Send it as an int64_param.",
    );
  return k;
}

function tensorOf({ name, datatype: type, shape: dims, contents }: InferTensor, raw: Uint8Array | undefined): Tensor {
  const datatype = requireDatatype(name, type);
  const shape = shapeOf(name, dims);
  if (raw !== undefined) return tensorOfBytes(name, datatype, shape, raw);
  const list = lists[datatype];
  if (list === undefined) throw wrongTensor(`The input "${name}" is ${datatype}.`, "Send it in raw_input_contents.");
  const values = contents?.[list] ?? [];
  if (datatype !== "BYTES") return tensorOfJson(name, datatype, shape, values);
  if (values.length !== elementCount(shape)) throw wrongCount(name, shape, values.length);
  return { name, datatype, shape, data: values as readonly Uint8Array[] };
}

function contentsOf(tensor: Tensor): InferTensorContents {
  const list = lists[tensor.datatype];
  if (list === undefined)
    throw wrongTensor(
      `The output "${tensor.name}" is ${tensor.datatype}.`,
      "Send raw_input_contents to get raw output.",
    );
  if (tensor.datatype === "BYTES") return { bytesContents: tensor.data };
  if (tensor.datatype === "BOOL")
    return { boolContents: Array.from(tensor.data as Uint8Array, (value) => value !== 0) };
  return {
    [list]: Array.from(tensor.data as Iterable<number | bigint>, (value) =>
      typeof value === "bigint" ? String(value) : value,
    ),
  };
}
