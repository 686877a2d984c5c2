/** @file Three small networks of torchvision, from PyTorch's file to the integer engine. */

import { describe, test } from "vitest";
import { pythonWithTorchvision, torchvisionNetworks } from "../src/testing/torchvision.js";
import { expectWholeWay, exported } from "./exported.js";

const python = pythonWithTorchvision();
const small = torchvisionNetworks.filter(({ name }) =>
  ["mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1"].includes(name),
);

describe.skipIf(!python)("torchvision (needs Python with torch and torchvision, on Debian python3-torchvision)", () => {
  test.each(small)("$name", async (network) => {
    const form = { opset: 17, batch: "fixed" } as const;
    const [path] = await exported(python!, { ...network, size: 64 }, [form]);
    await expectWholeWay(path!, network, form, [8, 4]);
  });
});
