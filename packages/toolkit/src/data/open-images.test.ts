import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeEach, describe, expect, test } from "vitest";
import {
  archive,
  cacheIn,
  classFolders,
  pixelsOf,
  png,
  temporaryFolder,
  wholeSet,
  writeTree,
} from "../../test/images.js";
import { DataError, InterruptedError, UsageError } from "../errors.js";
import type { ImageCache } from "./cache.js";
import { type OpenOptions, openImages } from "./open-images.js";

const scratch = await temporaryFolder();
let count = 0;
let root: string;
let cache: ImageCache;

beforeEach(() => {
  root = join(scratch, `set${count++}`);
  cache = cacheIn(join(root, "cache"));
});

const photos = () => join(root, "photos");
const open = (source: string, options: Partial<OpenOptions> = {}) =>
  openImages(source, { split: "train", cache, ...options });
const failure = async (source: string, options: Partial<OpenOptions> = {}) => {
  const error = await open(source, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(DataError);
  return (error as Error).message;
};
/** The pixels of a set as one text, for comparison. */
const contentOf = async (source: string, options: Partial<OpenOptions> = {}) => {
  const { images, labels } = await wholeSet(await open(source, options));
  return { images: Buffer.from(images).toString("base64"), labels: [...labels] };
};

describe("class folders", () => {
  test("with splits: classes by name, exact bytes, evaluation takes test", async () => {
    await writeTree(photos(), {
      ...(await classFolders({ "train/cat": 3, "train/Bee": 2, "test/cat": 2, "test/Bee": 2 })),
      ".DS_Store": "junk",
      "train/cat/._000.png": "junk",
      "train/cat/notes.txt": "text",
    });
    const train = await open(photos());
    expect(train).toMatchObject({
      name: "photos",
      split: "train",
      classes: ["Bee", "cat"],
      channels: 3,
      height: 4,
      width: 4,
      length: 5,
      notes: ["1 file is not a JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP image and was left out: 1 .txt"],
    });
    const batch = await wholeSet(train);
    expect([...batch.labels]).toEqual([0, 0, 1, 1, 1]);
    const expected = Buffer.concat([3, 4, 0, 1, 2].map((shade) => pixelsOf(shade, 4, 4)));
    expect(expected.equals(batch.images)).toBe(true);
    expect((await open(photos(), { split: "evaluation" })).split).toBe("test");
  });

  test("inside one more folder, with other names of splits, in deeper folders", async () => {
    await writeTree(
      photos(),
      await classFolders({ "set-1/training/a": 2, "set-1/training/b/deep": 2, "set-1/valid/a": 2, "set-1/valid/b": 2 }),
    );
    expect(await open(photos())).toMatchObject({ classes: ["a", "b"], length: 4 });
    expect(await open(photos(), { split: "evaluation" })).toMatchObject({ split: "val", length: 4 });
  });

  test("a folder of splits that is named like one is a class when images lie in it", async () => {
    await writeTree(photos(), await classFolders({ train: 5, bicycle: 5 }));
    expect(await open(photos())).toMatchObject({ classes: ["bicycle", "train"], length: 8 });
  });

  test("without splits are divided by seed, class by class, and the notes say so", async () => {
    await writeTree(photos(), await classFolders({ a: 10, b: 20 }));
    const train = await wholeSet(await open(photos()));
    const test_ = await open(photos(), { split: "evaluation" });
    const evaluation = await wholeSet(test_);
    expect(test_.notes).toEqual([expect.stringMatching(/24 images for training and 6 for testing.*seed 0/)]);
    expect([...evaluation.labels]).toEqual([0, 0, 1, 1, 1, 1]);
    const images = (batch: typeof train) =>
      Array.from({ length: batch.count }, (_, i) =>
        Buffer.from(batch.images.subarray(48 * i, 48 * (i + 1))).toString("hex"),
      );
    expect(new Set([...images(train), ...images(evaluation)]).size).toBe(30);
    const other = await wholeSet(await open(photos(), { split: "test", seed: 1 }));
    expect(images(other)).not.toEqual(images(evaluation));
  });

  test("hold out validation images from training", async () => {
    await writeTree(photos(), await classFolders({ "train/a": 10, "train/b": 10, "test/a": 2, "test/b": 2 }));
    const options = { validationShare: 0.2 };
    expect(await open(photos(), options)).toMatchObject({ length: 16 });
    expect(await open(photos(), { ...options, split: "val" })).toMatchObject({ split: "val", length: 4 });
    expect(await open(photos(), { ...options, split: "evaluation" })).toMatchObject({ split: "test", length: 4 });
    expect(await failure(photos(), { split: "val" })).toMatch(/no val split; it has train and test.*Hold out/);
  });

  test("hold out validation images from training where there is a val folder, too", async () => {
    const folders = { "train/a": 10, "train/b": 10, "val/a": 3, "val/b": 2 };
    await writeTree(photos(), await classFolders(folders));
    const options = { validationShare: 0.2 };
    const imagesOf = async (split: OpenOptions["split"], share?: number) => {
      const opened = await open(photos(), { split, ...(share === undefined ? {} : { validationShare: share }) });
      const { images } = await wholeSet(opened);
      const size = images.length / opened.length;
      return Array.from({ length: opened.length }, (_, i) => images.subarray(i * size, (i + 1) * size).join());
    };
    const held = await imagesOf("held-out", 0.2);
    const trained = await imagesOf("train", 0.2);
    expect([held.length, trained.length]).toEqual([4, 16]);
    expect([...held, ...trained].toSorted()).toEqual((await imagesOf("train")).toSorted());
    // The folder's own images stay what accuracy is reported on.
    const validation = await imagesOf("val", 0.2);
    expect(validation).toHaveLength(5);
    expect(validation.filter((image) => held.includes(image) || trained.includes(image))).toEqual([]);
    expect(await imagesOf("evaluation", 0.2)).toEqual(validation);
    const set = await open(photos(), { ...options, split: "held-out" });
    expect(set.split).toBe("held-out");
    expect(set.notes.join()).toMatch(/4 of the training images are/);
  });

  test("ImageNette's numbers become names", async () => {
    await writeTree(photos(), await classFolders({ "train/n01440764": 2, "train/n03888257": 2 }));
    expect((await open(photos())).classes).toEqual(["tench", "parachute"]);
  });
});

describe("a limit", () => {
  test("takes every n-th image, so that classes keep their shares, and the same from the whole set's cache", async () => {
    await writeTree(photos(), await classFolders({ "train/a": 12, "train/b": 6, "train/c": 6 }));
    const fresh = await contentOf(photos(), { limit: 8 });
    expect(fresh.labels).toEqual([0, 0, 0, 0, 1, 1, 2, 2]);
    await open(photos());
    expect(await contentOf(photos(), { limit: 8 })).toEqual(fresh);
    expect(await open(photos(), { limit: 100 })).toMatchObject({ length: 24 });
  });
});

describe("archives", () => {
  test.each([
    ["photos.tgz", true],
    ["photos.tar", false],
  ])("%s gives what the folder gives", async (name, gzip) => {
    await writeTree(photos(), await classFolders({ "train/a": 3, "train/b": 3 }));
    const file = await archive(photos(), join(root, name), gzip);
    expect((await open(file)).name).toBe("photos");
    expect(await contentOf(file)).toEqual(await contentOf(photos()));
  });

  test("truncated, damaged, no archive at all", async () => {
    await writeTree(photos(), await classFolders({ "train/a": 30, "train/b": 30 }));
    const file = await archive(photos(), join(root, "photos.tgz"));
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length / 2));
    expect(await failure(file)).toMatch(/photos\.tgz" ends in the middle.*Fetch it again/);
    bytes[bytes.length >> 1]! ^= 0x10;
    await writeFile(file, bytes);
    expect(await failure(file)).toMatch(/cannot be read as a tar archive|ends in the middle/);
    await writeFile(file, "this is no archive".repeat(100));
    expect(await failure(file)).toMatch(/cannot be read as a tar archive/);
    await writeFile(file, "");
    expect(await failure(file)).toMatch(/cannot be read as a tar archive/);
  });
});

describe("CIFAR-10's binary version", () => {
  const record = (label: number) => {
    const pixels = pixelsOf(label, 32, 32);
    const planes = [0, 1, 2].flatMap((channel) => Array.from({ length: 1024 }, (_, i) => pixels[3 * i + channel]!));
    return Buffer.from([label, ...planes]);
  };
  const batches = (labels: readonly number[]) => Buffer.concat(labels.map(record));
  const files = {
    "cifar-10-batches-bin/batches.meta.txt": "airplane\nautomobile\nbird\n\n",
    "cifar-10-batches-bin/data_batch_1.bin": batches([2, 0]),
    "cifar-10-batches-bin/data_batch_2.bin": batches([1]),
    "cifar-10-batches-bin/test_batch.bin": batches([1, 2]),
    "cifar-10-batches-bin/readme.html": "<html>",
  };

  test("as a folder and as an archive", async () => {
    await writeTree(photos(), files);
    const file = await archive(photos(), join(root, "cifar-10-binary.tar.gz"));
    for (const source of [photos(), file]) {
      const train = await open(source);
      expect(train).toMatchObject({ classes: ["airplane", "automobile", "bird"], length: 3, height: 32, width: 32 });
      const batch = await wholeSet(train);
      expect([...batch.labels]).toEqual([2, 0, 1]);
      expect(pixelsOf(2, 32, 32).equals(batch.images.subarray(0, 3072))).toBe(true);
      expect(await open(source, { split: "evaluation" })).toMatchObject({ split: "test", length: 2 });
    }
  });

  test("with a truncated batch, a label without a name, or no names", async () => {
    await writeTree(photos(), { ...files, "cifar-10-batches-bin/test_batch.bin": batches([1]).subarray(0, 3000) });
    expect(await failure(photos(), { split: "test" })).toMatch(/3000 bytes, which is not a multiple of the 3073/);
    await writeTree(photos(), { "cifar-10-batches-bin/test_batch.bin": batches([1, 3]) });
    expect(await failure(photos(), { split: "test" })).toMatch(/record 1 .* has label 3.*3 classes/);
    const bare = await writeTree(join(root, "bare"), { "test_batch.bin": batches([1]) });
    expect(await failure(bare, { split: "test" })).toMatch(/no batches\.meta\.txt/);
  });
});

describe("MNIST", () => {
  test("is split 8,000 to 2,000, grey, with whole bytes and every digit", async () => {
    const [train, test_] = [await open("mnist"), await open("mnist", { split: "evaluation" })];
    expect(train).toMatchObject({ name: "mnist", channels: 1, height: 28, width: 28, length: 8000 });
    expect(test_).toMatchObject({ split: "test", length: 2000 });
    const batch = await wholeSet(test_);
    expect(new Set(batch.labels).size).toBe(10);
    expect(Math.max(...batch.images.subarray(0, 7840))).toBeGreaterThan(250);
    expect(await open("mnist", { split: "test", limit: 20, channels: 3 })).toMatchObject({ channels: 3, length: 20 });
  });
});

describe("sizes", () => {
  test("one size for all is needed, or `size`", async () => {
    await writeTree(photos(), {
      ...(await classFolders({ "train/a": 2, "train/b": 2 })),
      "train/b/wide.png": await png(9, 6, 9),
    });
    expect(await failure(photos())).toMatch(/train\/b\/wide\.png.* is 9×6 pixels where 4×4 is expected.*`size`/);
    expect(await failure(photos(), { skipBadImages: true })).toMatch(/wide\.png/);
    expect(await open(photos(), { size: 3 })).toMatchObject({ height: 3, width: 3, length: 5 });
    expect(await open(photos(), { size: [2, 3] })).toMatchObject({ height: 2, width: 3 });
    expect(await failure(photos(), { size: 4, resize: "exact" })).toMatch(/wide\.png/);
  });

  test("resizes the shorter side and crops the centre", async () => {
    const flat = (r: number, width: number) =>
      sharp({ create: { width, height: 8, channels: 3, background: { r, g: 0, b: 0 } } });
    const stripes = flat(10, 24).composite([{ input: await flat(200, 8).png().toBuffer(), left: 8, top: 0 }]);
    const striped = await stripes.png().toBuffer();
    await writeTree(photos(), { ...(await classFolders({ "train/a": 2, "train/b": 1 })), "train/b/z.png": striped });
    const { images } = await wholeSet(await open(photos(), { size: 4 }));
    const last = images.subarray(3 * 48);
    // Shrunk to half, a column sees eighths 1, 3, 3, 1 of four: the outer ones of the crop still see one dark column.
    const edge = Math.round((10 + 3 * 200 + 3 * 200 + 200) / 8);
    expect(Array.from({ length: 16 }, (_, i) => last[3 * i])).toEqual(
      [0, 1, 2, 3].flatMap(() => [edge, 200, 200, edge]),
    );
  });

  test("headroom is for random crops only: other batches see the centre", async () => {
    await writeTree(photos(), await classFolders({ "train/a": 2, "train/b": 2 }, { height: 20, width: 20 }));
    const roomy = await open(photos(), { size: 16, headroom: 1.25 });
    expect(roomy).toMatchObject({ height: 16, width: 16 });
    const { images } = await wholeSet(roomy);
    const original = pixelsOf(0, 20, 20);
    expect(original.subarray((2 * 20 + 2) * 3, (2 * 20 + 18) * 3).equals(images.subarray(0, 48))).toBe(true);
  });
});

describe("what cannot be used is refused", () => {
  test.each([
    ["an empty folder", { photos: null }, /has no images/],
    ["images without class folders", { "photos/1.png": "", "photos/2.png": "" }, /lie directly in it/],
    ["one class", { "photos/cat/1.png": "", "photos/cat/2.png": "" }, /only one class, "cat"/],
    ["an empty class", { "photos/a/1.png": "", "photos/a/2.png": "", "photos/b": null }, /"b" is empty/],
    ["one image", { "photos/a/1.png": "", "photos/a/2.png": "", "photos/b/1.png": "" }, /"b" has one image/],
    [
      "a class that one split lacks",
      { "photos/train/a/1.png": "", "photos/train/a/2.png": "", "photos/test/b/1.png": "" },
      /the train split of .*"b" is missing/,
    ],
  ])("%s", async (_, files, message) => {
    await writeTree(root, files);
    expect(await failure(photos())).toMatch(message);
  });

  test("a source that is not there: the message says what is accepted", async () => {
    expect(await failure(join(root, "nowhere"))).toMatch(
      /no such file or folder.*class folders.*"mnist".*`download` fetches cifar10/,
    );
  });

  test("a missing split: the message lists those there are", async () => {
    await writeTree(photos(), await classFolders({ "train/a": 2, "train/b": 2 }));
    expect(await failure(photos(), { split: "test" })).toMatch(/no test split; it has train\./);
    expect(await failure(photos(), { split: "evaluation" })).toMatch(/no test split; it has train\./);
  });

  test("options that make no sense", async () => {
    for (const options of [
      { limit: 0 },
      { size: 1.5 },
      { threads: 0 },
      { validationShare: 1 },
      { headroom: 0.5 },
      { size: 4, resizeTo: 3 },
    ])
      await expect(open("mnist", options)).rejects.toThrow(UsageError);
  });

  test("an interruption stops decoding", async () => {
    await writeTree(photos(), await classFolders({ "train/a": 2, "train/b": 2 }));
    await expect(open(photos(), { signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError);
  });
});

describe("a damaged image among good ones", () => {
  beforeEach(async () => {
    await writeTree(photos(), {
      ...(await classFolders({ "train/a": 3, "train/b": 3 }, { height: 32, width: 32 })),
      "train/a/001.png": (await png(1, 32, 32)).subarray(0, 200),
      "train/b/bad.jpg": "no picture",
      "train/b/none.jpg": "",
    });
  });

  test("is named", async () => {
    expect(await failure(photos(), { threads: 1 })).toMatch(
      /"train\/a\/001\.png" in ".*" cannot be decoded .*`skipBadImages`/,
    );
  });

  test("is left out and counted where the user says so, in the cache too", async () => {
    for (const _ of ["decoded", "cached"]) {
      const set = await open(photos(), { skipBadImages: true });
      expect(set.length).toBe(5);
      expect(set.notes).toEqual([
        expect.stringMatching(/3 damaged images were left out: .*001\.png.*bad\.jpg.*none\.jpg/),
      ]);
      const { labels, images } = await wholeSet(set);
      expect([...labels]).toEqual([0, 0, 1, 1, 1]);
      expect(pixelsOf(2, 32, 32).equals(images.subarray(3072, 6144))).toBe(true);
    }
    await failure(photos());
  });

  test("none left is an error", async () => {
    await writeTree(join(root, "bad"), {
      "train/a/1.png": "x",
      "train/a/2.png": "x",
      "train/b/1.png": "x",
      "train/b/2.png": "x",
    });
    expect(await failure(join(root, "bad"), { skipBadImages: true })).toMatch(/none of the 4 images/);
  });
});
