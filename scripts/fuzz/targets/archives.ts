import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { openImages } from "@subbyte/toolkit";
import sharp from "sharp";
import { Random } from "../../../packages/engine/test/programs.js";
import { damaged, joined } from "./bytes.js";
import { outcomeOf, type Target } from "./target.js";

interface Entry {
  readonly name: string;
  readonly content: Uint8Array;
  /**
   * The type of the entry in tar: "0" is a file, "1" and "2" links, "5" a folder, "x" and "g" headers of pax, "L" and "K" of
   * GNU.
   */
  readonly type: string;
  readonly link: string;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Names of files, some of which no archive should have. */
const names = [
  "..",
  "../../out.png",
  "/etc/out.png",
  "train/../../out.png",
  "train//a.png",
  "./train/a/./b.png",
  "train/a/\u0000.png",
  "train/a/\u001b[2J.png",
  "train/a/\ud800.png",
  "__proto__/a.png",
  "train/constructor/a.png",
  "train/a/a.bmp",
  "train/a/a.svg",
  "train/a",
  "train/a/0.png/x.png",
  "test/a/0.png",
  "val/b/0.png",
  "a/0.png",
  ".hidden/a.png",
  "",
  `train/${"x".repeat(99)}/a.png`,
  "cifar-10-batches-bin/data_batch_1.bin",
  "cifar-10-batches-bin/test_batch.bin",
  "cifar-10-batches-bin/batches.meta.txt",
];

/** Makes one to a few changes to a list of entries. */
function changed(entries: readonly Entry[], random: Random, images: readonly Uint8Array[]): Entry[] {
  const list = [...entries];
  for (let changes = random.integer(0, 4); changes > 0; changes--) {
    const at = random.integer(0, list.length - 1);
    const entry = list[at]!;
    switch (random.integer(0, 7)) {
      case 0:
        list.splice(at, list.length > 1 ? 1 : 0);
        break;
      case 1:
        list.splice(at, 0, { ...entry, name: random.pick(names) });
        break;
      case 2:
        list[at] = { ...entry, name: random.pick(names) };
        break;
      case 3:
        list[at] = {
          ...entry,
          type: random.pick(["0", "1", "2", "3", "5", "6", "7", "L", "K", "x", "g", "S", "\0", "Z"]),
        };
        break;
      case 4:
        list[at] = {
          ...entry,
          link: random.pick(["..", ".", "/etc/passwd", "train/a/0.png", entry.name, "/dev/zero"]),
        };
        break;
      case 5:
        list[at] = { ...entry, content: damaged(entry.content.length > 0 ? entry.content : text("x"), random, images) };
        break;
      case 6:
        list[at] = {
          ...entry,
          content: random.pick([
            new Uint8Array(0),
            text("19 path=../../x.png\n"),
            random.bytes(3073),
            random.bytes(500),
          ]),
        };
        break;
      default:
        list.push(entry);
    }
  }
  return list;
}

function tar(entries: readonly Entry[], random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { name, content, type, link } of entries) {
    const header = new Uint8Array(512);
    const put = (at: number, length: number, value: string) => header.set(text(value).subarray(0, length), at);
    put(0, 100, name);
    put(100, 8, "0000644\0");
    put(124, 12, `${content.length.toString(8).padStart(11, "0")}\0`);
    put(136, 12, "00000000000\0");
    put(156, 1, type);
    put(157, 100, link);
    put(257, 8, "ustar\u000000");
    // Wrong sizes, in the octal and the binary form.
    if (random.next() < 0.03)
      put(124, 12, random.pick(["77777777777\0", "-0000000001\0", "99999999999\0", "\0", "00000000001\0"]));
    if (random.next() < 0.01) header.set([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 124);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    put(148, 8, `${(random.next() < 0.01 ? sum + 1 : sum).toString(8).padStart(6, "0")}\0 `);
    parts.push(header, content, new Uint8Array((512 - (content.length % 512)) % 512));
  }
  return joined(...parts, new Uint8Array(1024));
}

/** Writes the entries as files of a folder, if the file system allows their names. */
async function unpacked(entries: readonly Entry[], folder: string): Promise<void> {
  for (const { name, content, type, link } of entries) {
    const path = join(folder, name);
    if (!path.startsWith(`${folder}/`)) continue;
    const make = async () => {
      await mkdir(type === "5" ? path : dirname(path), { recursive: true });
      if (type === "2" && !link.startsWith("/")) await symlink(link, path);
      else if (type !== "5") await writeFile(path, content);
    };
    await make().catch(() => undefined); // This fails if, for example, a folder already has the name of the file.
  }
}

export default async (folder: string): Promise<Target> => {
  const image = (shade: number) =>
    sharp({ create: { width: 9, height: 7, channels: 3, background: { r: shade, g: 99, b: 9 } } })
      .png()
      .toBuffer();
  const images = await Promise.all([1, 50, 100, 150].map(image));
  const honest = ["train/a", "train/b", "test/a", "test/b"].flatMap((place) =>
    images.map((content, i): Entry => ({ name: `${place}/${i}.png`, content, type: "0", link: "" })),
  );
  const save = async (random: Random, path: string): Promise<void> => {
    await rm(path, { recursive: true, force: true });
    const entries = changed(honest, random, images);
    if (random.next() < 0.3) {
      await unpacked(entries, path);
      return;
    }
    const bytes = tar(entries, random);
    const hurt = random.next() < 0.3 ? damaged(bytes, random) : bytes;
    const zipped = random.next() < 0.3 ? gzipSync(hurt) : hurt;
    await writeFile(path, random.next() < 0.1 ? damaged(zipped, random) : zipped);
  };
  const path = join(folder, "images");
  const run = async (seed: number) => {
    const random = new Random(seed);
    await save(random, path);
    return outcomeOf(async () => {
      const set = await openImages(path, {
        split: random.pick(["train", "test", "val", "held-out"] as const),
        threads: 1,
        size: random.pick([4, 8, undefined]),
        skipBadImages: random.next() < 0.5,
        ...(random.next() < 0.5 ? { limit: 5 } : {}),
      } as never);
      for await (const batch of set.batches({ batchSize: 4 }))
        if (batch.count < 1 || batch.labels.some((label) => label < 0 || label >= set.classes.length))
          throw new Error(`labels ${batch.labels} of ${set.classes.length} classes`);
    });
  };
  return { run, save: (seed, to) => save(new Random(seed), to) };
};
