/** @file The `.json` file beside an ONNX model: preprocessing, labels, accuracy. */

import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import type { ModelConfig } from "../compute/protocol.js";
import { ModelFileError } from "../errors.js";

const perChannel = { type: "array", items: { type: "number" }, minItems: 1, maxItems: 3 } as const;
const side = { type: "integer", minimum: 1, maximum: 8192 } as const;

const schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    preprocessing: {
      type: "object",
      additionalProperties: false,
      required: ["channels", "height", "width", "resize", "mean", "std"],
      properties: {
        channels: { enum: [1, 3] },
        height: side,
        width: side,
        resize: { enum: ["exact", "shorter-side"] },
        resizeTo: side,
        mean: perChannel,
        std: perChannel,
      },
    },
    labels: { type: "array", items: { type: "string" } },
    accuracy: { type: "object", additionalProperties: { type: "number", minimum: 0, maximum: 1 } },
  },
} as const;

const validate = new Ajv().compile<ModelConfig>(schema);

/** @throws {ModelFileError} if the file exists and is wrong. */
export async function readConfig(path: string): Promise<ModelConfig> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new ModelFileError(`${path} cannot be read: ${error.message}`);
  });
  if (text === undefined) return {};
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new ModelFileError(`${path} is not JSON: ${(error as Error).message}`);
  }
  if (!validate(config)) {
    const [fault] = validate.errors!;
    throw new ModelFileError(`${path}: ${fault!.instancePath || "it"} ${fault!.message}`);
  }
  const { preprocessing } = config;
  if (preprocessing?.resize === "shorter-side" && preprocessing.resizeTo === undefined)
    throw new ModelFileError(`${path}: /preprocessing needs resizeTo, to which the shorter side is resized`);
  return config;
}
