/** @file Parts of classifiers as PyTorch exports them, from opset 7 on: each goes the whole way, or is refused by name. */

import { beforeAll, describe, expect, test } from "vitest";
import { openModel } from "../src/model-file/index.js";
import { insertFakeQuant } from "../src/quantization/insert.js";
import { exportTorchForms, refusedForms, type TorchForm, torchForms } from "../src/testing/torch-forms.js";
import { pythonWithTorchvision } from "../src/testing/torchvision.js";
import { wholeWay } from "../src/testing/whole-way.js";
import { expectEqual } from "./exported.js";
import { temporaryFolder } from "./images.js";
import { record } from "./record.js";

const python = pythonWithTorchvision();
const folder = await temporaryFolder();

const rowOf = ({ label, opset }: TorchForm) => ({ exporter: "PyTorch 1.13", network: label, form: `opset ${opset}` });

describe.skipIf(!python)(
  "small networks (needs Python with torch and torchvision, on Debian python3-torchvision)",
  () => {
    let fileOf: (form: TorchForm) => string;
    beforeAll(async () => {
      fileOf = await exportTorchForms(python!, folder, [...torchForms, ...refusedForms]);
    });

    test.each(torchForms)("$label, opset $opset", async (form) => {
      const way = await wholeWay(fileOf(form), { images: 8 });
      await record({ ...rowOf(form), ...way });
      expectEqual(way);
    });

    test.each(refusedForms)("$label, opset $opset, is refused", async (form) => {
      const refusal = openModel(fileOf(form)).then((model) => {
        if (model.kind === "float") insertFakeQuant(model.graph, { weights: 8, activations: 8 });
      });
      const { message } = (await refusal.catch((error: Error) => error)) as Error;
      await record({ ...rowOf(form), refused: [form.says[0]!] });
      for (const part of form.says) expect(message).toContain(part);
    });
  },
);
