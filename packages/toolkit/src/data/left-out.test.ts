import { symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { beforeEach, describe, expect, test } from "vitest";
import { cacheIn, classFolders, pixelsOf, png, temporaryFolder, wholeSet, writeTree } from "../../test/images.js";
import { DataError } from "../errors.js";
import type { ImageCache } from "./cache.js";
import { type OpenOptions, openImages } from "./open-images.js";

const scratch = await temporaryFolder();
let count = 0;
let photos: string;
let cache: ImageCache;

beforeEach(async () => {
  photos = join(scratch, `set${count++}`);
  cache = cacheIn(join(scratch, `cache${count}`));
  await writeTree(photos, await classFolders({ "train/cat": 2, "train/dog": 2 }));
});

const open = (options: Partial<OpenOptions> = {}) => openImages(photos, { split: "train", cache, ...options });

/** A BMP of 24 bits, rows from the bottom to the top, each padded to four bytes. */
function bmp(rgb: Buffer, height: number, width: number): Buffer {
  const row = Math.ceil((3 * width) / 4) * 4;
  const file = Buffer.alloc(54 + row * height);
  file.write("BM", "latin1");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  file.writeUInt32LE(row * height, 34);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) file[54 + (height - 1 - y) * row + 3 * x + c] = rgb[3 * (y * width + x) + 2 - c]!;
  return file;
}

describe("formats", () => {
  test("BMP and JFIF files are images", async () => {
    const jpeg = await sharp(await png(9))
      .jpeg()
      .toBuffer();
    await writeTree(photos, { "train/cat/a.bmp": bmp(pixelsOf(5, 4, 4), 4, 4), "train/dog/b.jfif": jpeg });
    const set = await open();
    expect(set).toMatchObject({ length: 6, notes: [] });
    const { images } = await wholeSet(set);
    expect(Buffer.from(images.subarray(2 * 48, 3 * 48))).toEqual(pixelsOf(5, 4, 4));
  });

  test("a BMP that claims more pixels than an image may have is refused before memory is taken", async () => {
    const bomb = bmp(pixelsOf(5, 4, 4), 4, 4);
    bomb.writeInt32LE(60_000, 18);
    bomb.writeInt32LE(60_000, 22);
    await writeTree(photos, { "train/cat/a.bmp": bomb });
    await expect(open()).rejects.toThrow(/pixel limit/);
  });

  test("other files are counted by extension", async () => {
    await writeTree(photos, { "train/cat/a.heic": "x", "train/cat/b.heic": "x", "train/dog/list.txt": "x" });
    expect((await open()).notes).toEqual([
      "3 files are not JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP images and were left out: 2 .heic, 1 .txt",
    ]);
  });

  test("an SVG is refused whatever its name, and named", async () => {
    await writeTree(photos, { "train/cat/a.png": '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>' });
    const error = await open().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(/train\/cat\/a\.png.*not a JPEG, PNG/);
  });
});

describe("what a folder holds beside files", () => {
  test("names that are not UTF-8 are named in a note", async () => {
    const name = Buffer.concat([Buffer.from(join(photos, "train/cat/")), Buffer.from([0xe9]), Buffer.from(".png")]);
    writeFileSync(name, await png(1));
    expect((await open()).notes).toEqual(["1 entry was left out: train/cat/\ufffd.png (the name is not UTF-8)"]);
  });

  test("links to a folder that they lie in are not followed", async () => {
    for (let i = 0; i < 9; i++) symlinkSync(".", join(photos, "train/cat", `loop${i}`));
    const set = await open();
    expect(set.length).toBe(4);
    expect(set.notes).toEqual([expect.stringMatching(/^9 entries were left out: train\/cat\/loop0 .* and 6 more$/)]);
  });

  test("a link to another folder is followed", async () => {
    await writeTree(`${photos}-elsewhere`, await classFolders({ more: 3 }));
    symlinkSync(`${photos}-elsewhere/more`, join(photos, "train/cat/more"));
    expect(await open()).toMatchObject({ length: 7, notes: [] });
  });
});

describe("images without labels", () => {
  const layouts: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    "a flat folder": { ".": 4 },
    "one class folder": { photos: 4 },
    "one image per class": { a: 1, b: 1, c: 1, d: 1 },
  };
  test.each(Object.entries(layouts))("%s: refused where labels are needed, else opened", async (_, counts) => {
    photos = join(scratch, `unlabelled${count++}`);
    await mkdir(photos);
    await writeTree(photos, await classFolders(counts));
    await expect(open()).rejects.toBeInstanceOf(DataError);
    for (let time = 0; time < 2; time++) {
      const set = await open({ labels: "optional" });
      expect(set).toMatchObject({ length: 4, classes: [] });
      expect(set.notes.at(-1)).toMatch(/no labels, so its 4 images can only be used for calibration/);
    }
    await expect(open()).rejects.toBeInstanceOf(DataError);
  });

  test("one image per class is enough to evaluate where the source has its own split", async () => {
    await writeTree(photos, await classFolders({ "test/cat": 1, "test/dog": 1 }));
    expect(await open({ split: "evaluation" })).toMatchObject({ split: "test", length: 2, classes: ["cat", "dog"] });
  });
});

describe("the cache", () => {
  const past = new Date("2024-01-01");

  test("notices another file of the same size and time", async () => {
    const path = join(photos, "train/cat/000.png");
    const bytes = async (shade: number) => {
      await writeFile(path, bmp(pixelsOf(shade, 4, 4), 4, 4));
      utimesSync(path, past, past);
      return Buffer.from((await wholeSet(await open())).images.subarray(0, 48));
    };
    expect(await bytes(10)).toEqual(pixelsOf(10, 4, 4));
    expect(await bytes(20)).toEqual(pixelsOf(20, 4, 4));
  });
});

describe("archives", () => {
  test("a file that is too large for an image is refused by its header", async () => {
    const header = Buffer.alloc(512);
    header.write("train/cat/bomb.png");
    header.write("0000644\0", 100);
    header.write(`${(2 ** 31).toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        0", 148);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    const file = join(scratch, "bomb.tgz");
    writeFileSync(file, gzipSync(Buffer.concat([header, Buffer.alloc(2 ** 20)])));
    await expect(openImages(file, { split: "train", labels: "optional", cache })).rejects.toThrow(
      /bomb\.png.*2147483648 bytes/,
    );
  });
});
