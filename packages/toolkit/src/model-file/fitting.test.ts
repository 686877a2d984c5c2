/** Checkpoints without the name of an architecture. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tensor } from "@subbyte/graph";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/images.js";
import { buildModel } from "../models/index.js";
import { writeSafetensors } from "../weights/index.js";
import { openModel } from "./open-model.js";

const folder = await temporaryFolder();

function stateOf(...[architecture, options]: Parameters<typeof buildModel>): Map<string, Tensor> {
  const { tensors } = buildModel(architecture, options);
  // Bounds of activations are scalars.
  return new Map([...tensors].filter(([, { dtype, shape }]) => dtype === "float32" && shape.length > 0));
}

async function saved(name: string, tensors: ReadonlyMap<string, Tensor>): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, writeSafetensors(tensors));
  return path;
}

test.each([
  ["resnet20", { classes: 7 }, "resnet20"],
  ["resnet18", { classes: 10, stem: "cifar" }, "resnet18 with the cifar stem"],
  ["resnet18", { classes: 10 }, "resnet18 with the imagenet stem"],
  ["mobilenet_v2", { classes: 10 }, "mobilenet_v2"],
  ["resnet8", { classes: 10, channels: 1 }, "resnet8"],
] as const)("%s %o is known by its weights", async (architecture, options, name) => {
  const state = stateOf(architecture, options);
  const path = await saved(
    "known.safetensors",
    new Map([...state].map(([key, tensor]) => [`backbone.${key}`, tensor])),
  );
  const model = await openModel(path);
  expect(model).toMatchObject({ kind: "float", classes: options.classes });
  expect(model.kind === "float" && model.notes).toEqual([
    `its weights are those of ${name}, and fit no other built-in architecture`,
  ]);
});

test("the nearest is named where none fits", async () => {
  const state = stateOf("resnet20", { classes: 10 });
  state.delete("layer1.0.bn1.weight");
  const path = await saved("near.safetensors", state);
  await expect(openModel(path)).rejects.toThrow(
    /they fit none of the built-in architectures; the nearest is resnet20, with \d+ tensors in common and 1 not/,
  );
});

test.each(["w.weight", "conv1.weight"])("weights of an unknown network, such as %s, say so", async (name) => {
  const path = await saved(
    "other.safetensors",
    new Map([[name, stateOf("resnet20", { classes: 10 }).get("conv1.weight")!]]),
  );
  await expect(openModel(path)).rejects.toThrow(
    /fit none of the built-in architectures\. If it is another network, export it to ONNX/,
  );
});
