/** The figures that `quantize` prints at its end are those of the engine for the file that it wrote. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readSbq } from "@subbyte/engine";
import { writeOnnx } from "@subbyte/graph";
import { beforeAll, expect, test } from "vitest";
import { brightnessPhotos } from "../../test/brightness-images.js";
import { cacheIn, temporaryFolder } from "../../test/images.js";
import { brightnessClasses, brightnessNetwork } from "../testing/brightness.js";
import { evaluateModel, quantizeModel } from "./index.js";

const root = await temporaryFolder();
const context = { cache: cacheIn(join(root, "cache")) };
const photos = join(root, "photos");
const float = join(root, "float.onnx");
const labelsMap = join(root, "classes.txt");
const shared = { data: photos, mean: [0, 0, 0], std: [1, 1, 1], labelsMap };

beforeAll(async () => {
  await brightnessPhotos(photos, { count: 40 });
  await writeFile(labelsMap, brightnessClasses.join("\n"));
  await writeFile(float, writeOnnx(brightnessNetwork()));
});

const quantized = (calibrationImages: number, name: string) =>
  quantizeModel(
    {
      ...shared,
      model: float,
      out: join(root, name),
      method: "minmax",
      ...{ weights: 2, activations: 2, firstLastBits: 2, calibrationImages, force: true },
    },
    context,
  );

test("where too few images are left, those of calibration are the figures', as evaluate sees them", async () => {
  const { figures, out } = await quantized(100, "all.sbq");
  expect(figures).toMatchObject({ shown: "calibration", images: 160 });
  const { top1 } = await evaluateModel({ data: photos, model: out, split: "train" }, context);
  expect(figures.top1).toBe(top1);
  // Otherwise the float network's accuracy could have taken its place.
  expect(top1).toBeLessThan(figures.floatTop1!);
  expect(figures.floatTop1).toBe((await evaluateModel({ ...shared, model: float, split: "train" }, context)).top1);
});

test("images beside those of calibration are held out, and the file says its accuracy on them", async () => {
  const { figures, out, time } = await quantized(24, "held-out.sbq");
  expect(figures).toMatchObject({ shown: "held-out", images: 136 });
  expect(figures.agreement).toBeGreaterThan(0);
  const { provenance } = readSbq(await readFile(out));
  expect(provenance.accuracy).toEqual({ "photos train": figures.top1 });
  expect(time).toMatchObject({ threads: 1, turns: 5 });
  expect(time.fastestMilliseconds).toBeGreaterThan(0);
  expect(time.milliseconds).toBeGreaterThanOrEqual(time.fastestMilliseconds);
  expect(time.cpuMilliseconds).toBeGreaterThan(0);
});
