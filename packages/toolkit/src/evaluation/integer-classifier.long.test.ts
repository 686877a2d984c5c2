/** The published ResNet-20 at five bit widths on real test images: every tier and way to share work against scalar TypeScript. */
import { type LoadOptions, load, supportedTier, writeSbq } from "@subbyte/engine";
import { type Graph, simplifyForImport } from "@subbyte/graph";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedFile } from "../../../graph/test/shared.js";
import { cacheIn, temporaryFolder, wholeSet } from "../../test/images.js";
import { openImages } from "../data/open-images.js";
import type { Batch, ImageSet } from "../data/types.js";
import { lower } from "../lowering/lower.js";
import { openModel } from "../model-file/index.js";
import { quantizeGraph } from "../quantization/quantize.js";
import { evaluateClassifier } from "./evaluate.js";

const onnx = sharedFile("models/resnet20-cifar10.onnx");
const data = sharedFile("data/cifar10.tgz");
const cache = cacheIn(await temporaryFolder());
const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];
const tiers = supportedTier() === "relaxed" ? (["simd", "relaxed"] as const) : (["simd"] as const);

type Way = Required<Pick<LoadOptions, "tier" | "threads" | "parallel">>;

describe.skipIf(!onnx || !data)("ResNet-20 on 300 test images", () => {
  let network: Graph;
  let train: ImageSet;
  let images: ImageSet;
  let batch: Batch;

  beforeAll(async () => {
    const opened = await openModel(onnx!);
    if (opened.kind !== "float") throw new Error("the published network is a float one");
    network = simplifyForImport(opened.graph);
    train = await openImages(data!, { split: "train", limit: 64, cache });
    images = await openImages(data!, { split: "test", limit: 300, cache });
    batch = await wholeSet(images);
  });

  async function quantizedFile(weights: number, activations: number): Promise<Uint8Array> {
    const policy = { weights, activations };
    const options = { policy, method: "mse", seed: 0, mean, std, calibrationImages: 64, threads: 1 };
    return writeSbq(
      lower(await quantizeGraph(network, train, options), {
        preprocessing: { channels: 3, height: 32, width: 32, resize: "exact", mean, std },
      }),
    );
  }

  test.each([
    [8, 8, 0.85],
    [4, 8, 0.85],
    [4, 4, 0.8],
    [3, 3, 0.6],
    [2, 2, 0.15],
  ])("W%dA%d", async (weights, activations, leastAccuracy) => {
    const file = await quantizedFile(weights, activations);
    const logitsOf = async ({ tier, threads, parallel }: Way) => {
      const model = await load(file, { tier, threads, parallel, worker: parallel === "images" });
      try {
        expect(model).toMatchObject({ tier, threads });
        return await model.run(batch.images);
      } finally {
        model.dispose();
      }
    };
    const scalar = await logitsOf({ tier: "scalar", threads: 2, parallel: "images" });
    const { top1 } = await evaluateClassifier(() => scalar, images, { batchSize: 300 });
    expect(top1).toBeGreaterThanOrEqual(leastAccuracy);
    for (const tier of tiers)
      for (const sharing of [
        { threads: 1, parallel: "tiles" },
        { threads: 2, parallel: "tiles" },
        { threads: 3, parallel: "images" },
      ] as const)
        expect(await logitsOf({ tier, ...sharing }), `${tier}, ${sharing.threads} × ${sharing.parallel}`).toEqual(
          scalar,
        );
  });
});
