/**
 * @file CIFAR-10's binary version: files of records, each a label byte and 3,072 bytes of a 32×32 image, channel by channel.
 * Format: https://www.cs.toronto.edu/~kriz/cifar.html ("Binary version").
 */

import type { RawImage } from "@subbyte/engine";
import { DataError } from "../errors.js";
import type { FileTree, TreeListing } from "./file-tree.js";
import { type Catalogue, type Samples, samplesInMemory } from "./source.js";

const SIDE = 32;
const PLANE = SIDE * SIDE;
const RECORD = 1 + 3 * PLANE;

const TRAIN_FILE = /(^|\/)data_batch_\d+\.bin$/;
const TEST_FILE = /(^|\/)test_batch\.bin$/;
const NAMES_FILE = /(^|\/)batches\.meta\.txt$/;

export function isCifarBinary({ files }: TreeListing): boolean {
  return files.some((path) => TRAIN_FILE.test(path) || TEST_FILE.test(path));
}

export async function openCifarBinary(tree: FileTree): Promise<Catalogue> {
  const { files } = await tree.list();
  const namesFile = files.find((path) => NAMES_FILE.test(path));
  if (namesFile === undefined)
    throw new DataError(
      "data-damaged",
      { file: tree.location, reason: "no batches.meta.txt" },
      `"${tree.location}" has CIFAR-10's batches but no batches.meta.txt, which names the classes: it is incomplete. ` +
        "The task `download` fetches the official archive, cifar10.",
    );
  const [names] = await readAll(tree, [namesFile]);
  const classes = new TextDecoder().decode(names).split(/\r?\n/).filter(Boolean);
  const part = (pattern: RegExp) => files.filter((path) => pattern.test(path)).sort();
  const parts = new Map<"train" | "test", () => Promise<Samples>>();
  for (const [split, paths] of [
    ["train", part(TRAIN_FILE)],
    ["test", part(TEST_FILE)],
  ] as const)
    if (paths.length > 0) parts.set(split, () => openBatches(tree, paths, classes.length));
  return { classes, channels: 3, parts, notes: [] };
}

async function openBatches(tree: FileTree, paths: readonly string[], classes: number): Promise<Samples> {
  const batches = await readAll(tree, paths);
  batches.forEach((bytes, i) => {
    if (bytes.length === 0 || bytes.length % RECORD !== 0)
      throw new DataError(
        "data-damaged",
        { file: paths[i]!, source: tree.location, reason: `${bytes.length} bytes` },
        `"${paths[i]}" in "${tree.location}" has ${bytes.length} bytes, which is not a multiple of the ${RECORD} bytes of a record: ` +
          "it is truncated or not a batch of CIFAR-10. Fetch it again.",
      );
  });
  const records = Buffer.concat(batches);
  const labels = Int32Array.from({ length: records.length / RECORD }, (_, i) => records[i * RECORD]!);
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0)
    throw new DataError(
      "data-damaged",
      { file: tree.location, reason: `label ${labels[wrong]} of ${classes} classes` },
      `record ${wrong} of ${paths.join(", ")} in "${tree.location}" has label ${labels[wrong]}, but batches.meta.txt names ` +
        `${classes} classes: the file is damaged. Fetch it again.`,
    );
  return samplesInMemory(
    labels,
    (index) => `record ${index} of ${paths.join(", ")}`,
    (index) => interleave(records.subarray(index * RECORD + 1, (index + 1) * RECORD)),
  );
}

/** [3, 32, 32] → [32, 32, 3] */
function interleave(planes: Uint8Array): RawImage {
  const data = new Uint8Array(3 * PLANE);
  for (let i = 0; i < PLANE; i++)
    for (let channel = 0; channel < 3; channel++) data[3 * i + channel] = planes[channel * PLANE + i]!;
  return { data, height: SIDE, width: SIDE, channels: 3 };
}

/** Reads the contents of `paths`, in their order. */
async function readAll(tree: FileTree, paths: readonly string[]): Promise<Uint8Array[]> {
  const contents = new Map<string, Uint8Array>();
  for await (const { path, bytes } of tree.read(new Set(paths))) contents.set(path, bytes);
  return paths.map((path) => contents.get(path)!);
}
