/** @file All families of torchvision, from PyTorch's file to the integer engine. Minutes each. */

import { rm } from "node:fs/promises";
import { describe, test } from "vitest";
import { pythonWithTorchvision, torchvisionNetworks } from "../src/testing/torchvision.js";
import { expectRefusals, expectWholeWay } from "./exported.js";

const python = pythonWithTorchvision();

describe.skipIf(!python)("torchvision (needs Python with torch and torchvision, on Debian python3-torchvision)", () => {
  describe.each(torchvisionNetworks)("$name", (network) => {
    // Both opsets and both batches on the whole way, and the other two pairs as far as the float network.
    test.each([
      { opset: 13, batch: "free", bits: [8, 4] },
      { opset: 17, batch: "fixed", bits: [8, 4] },
      { opset: 13, batch: "fixed", bits: [] },
      { opset: 17, batch: "free", bits: [] },
    ] as const)("opset $opset, batch $batch", async ({ bits, ...form }) => {
      const path = await expectWholeWay(python!, network, form, bits);
      await rm(path);
    });
  });

  expectRefusals(python!);
});
