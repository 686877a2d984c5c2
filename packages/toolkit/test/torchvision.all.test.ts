/** @file All families of torchvision, from PyTorch's file to the integer engine. Minutes each. */

import { rm } from "node:fs/promises";
import { beforeAll, describe, test } from "vitest";
import { pythonWithTorchvision, torchvisionNetworks } from "../src/testing/torchvision.js";
import { expectRefusals, expectWholeWay, exported } from "./exported.js";

const python = pythonWithTorchvision();

/** The whole way for one form of each opset and batch, and the other two as far as the float network. */
const forms = [
  { opset: 13, batch: "free", bits: [8, 4] },
  { opset: 17, batch: "fixed", bits: [8, 4] },
  { opset: 13, batch: "fixed", bits: [] },
  { opset: 17, batch: "free", bits: [] },
] as const;

describe.skipIf(!python)("torchvision (needs Python with torch and torchvision, on Debian python3-torchvision)", () => {
  describe.each(torchvisionNetworks)("$name", (network) => {
    let paths: readonly string[];
    beforeAll(async () => {
      paths = await exported(python!, network, forms);
    }, 1_800_000);

    test.each(forms.map((form, i) => ({ ...form, i })))("opset $opset, batch $batch", async ({ bits, i, ...form }) => {
      await expectWholeWay(paths[i]!, network, form, bits);
      await rm(paths[i]!);
    });
  });

  expectRefusals(python!);
});
