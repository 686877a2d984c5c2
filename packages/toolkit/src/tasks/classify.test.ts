import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeOnnx } from "@subbyte/graph";
import { beforeAll, describe, expect, test } from "vitest";
import { brightnessPhotos } from "../../test/brightness-images.js";
import { archive, cacheIn, temporaryFolder } from "../../test/images.js";
import { DataError } from "../errors.js";
import type { TaskInput } from "../options/index.js";
import { brightnessClasses, brightnessNetwork } from "../testing/brightness.js";
import { classifyImages, quantizeModel, type TaskEvent } from "./index.js";

const root = await temporaryFolder();
const photos = join(root, "photos");
const large = join(root, "large");
const float = join(root, "float.onnx");
const sbq = join(root, "quantized.sbq");
const order = join(root, "classes.txt");
const unit = { mean: [0, 0, 0], std: [1, 1, 1], labelsMap: order };

beforeAll(async () => {
  await brightnessPhotos(photos);
  await brightnessPhotos(large, { count: 2, side: 30 });
  await writeFile(order, brightnessClasses.join("\n"));
  await writeFile(float, writeOnnx(brightnessNetwork()));
  const cache = cacheIn(join(root, "cache"));
  const options = { data: photos, ...unit, method: "mse", calibrationImages: 24 } as const;
  await quantizeModel({ ...options, model: float, out: sbq }, { cache });
});

const classified = (options: Omit<TaskInput<"classify">, "model"> & { readonly model?: string }) =>
  classifyImages({ model: sbq, ...options });
const first = ({ images }: Awaited<ReturnType<typeof classified>>) =>
  images.map(({ predictions }) => predictions[0]!.label);

describe.each([
  ["a .sbq", { model: sbq }],
  ["a float network", { model: float, ...unit }],
])("%s", (_, model) => {
  test("names photographs of any size, the likeliest class first", async () => {
    const paths = brightnessClasses.flatMap((name) => [
      join(photos, "test", name, "0.png"),
      join(large, "test", name, "1.png"),
    ]);
    const result = await classified({ ...model, images: paths, top: 2 });
    expect(first(result)).toEqual(brightnessClasses.flatMap((name) => [name, name]));
    expect(result).toMatchObject({ classes: 4, probabilities: "softmax" });
    for (const { predictions } of result.images) {
      expect(predictions).toHaveLength(2);
      expect(predictions[0]!.probability).toBeGreaterThan(predictions[1]!.probability);
    }
    const small = { ...model, images: [join(large, "test/dim/0.png")], fit: "exact" } as const;
    await expect(classified(small)).rejects.toThrow(/8 ?× ?8.*30 ?× ?30|30×30.*8×8/);
  });

  test("takes folders and archives, in the order of names", async () => {
    const packed = await archive(join(large, "test"), join(root, "large.tgz"));
    const names = ["bright", "bright", "dark", "dark", "dim", "dim", "light", "light"];
    for (const source of [join(large, "test"), packed]) {
      const result = await classified({ ...model, images: [source] });
      expect(first(result)).toEqual(names);
      expect(result.images[2]!.file).toBe(`${source}/dark/0.png`);
    }
  });
});

test("without names, classes have their numbers alone", async () => {
  const { images } = await classified({
    model: float,
    ...unit,
    labelsMap: undefined,
    images: [join(photos, "test/dim/0.png")],
  });
  expect(images[0]!.predictions[0]).toEqual({ index: 1, probability: expect.any(Number) });
});

test("damaged files are refused by name, or left out with a note", async () => {
  const damaged = join(root, "damaged.jpg");
  await writeFile(damaged, "no image");
  const images = [damaged, join(photos, "test/dim/0.png")];
  const refused = classified({ images });
  await expect(refused).rejects.toThrow(DataError);
  await expect(refused).rejects.toThrow(/damaged\.jpg cannot be decoded/);
  const events: TaskEvent[] = [];
  const result = await classifyImages(
    { model: sbq, images, skipBadImages: true },
    { emit: (event) => void events.push(event) },
  );
  expect(first(result)).toEqual(["dim"]);
  expect(events).toContainEqual({
    type: "note",
    text: expect.stringMatching(/damaged\.jpg is damaged and was left out/),
  });
  await expect(classified({ images: [join(root, "absent.jpg")] })).rejects.toThrow(/ENOENT/);
});
