/**
 * @file Class folders, as torchvision's ImageFolder reads them: the folder that an image lies in names its class, and classes
 * are numbered in the order of their names. Above them may stand folders of splits, and above those one more that holds all
 * (`imagenette2-160/train/n01440764/….JPEG`).
 */

import { DataError } from "../errors.js";
import type { FileTree, TreeListing } from "./file-tree.js";
import { IMAGENETTE_NAMES } from "./imagenette.js";
import type { Catalogue, Samples } from "./source.js";
import type { Split } from "./types.js";

const IMAGE_FILE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

const SPLIT_NAMES: ReadonlyMap<string, Split> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["test", "test"],
  ["testing", "test"],
  ["val", "val"],
  ["valid", "val"],
  ["validation", "val"],
]);

/** The class folders of one split: paths from the tree's root, by class name. */
type ClassImages = Map<string, string[]>;

/**
 * @throws {DataError} where there are no class folders, only one class, a class of fewer than two images, or splits whose
 *   classes differ.
 */
export async function openClassFolders(tree: FileTree): Promise<Catalogue> {
  const listing = await tree.list();
  const images = listing.files.filter((path) => IMAGE_FILE.test(path));
  if (images.length === 0)
    throw new DataError(
      `"${tree.location}" has no images (looked for .jpg, .png, .webp, .gif, .tif and .avif files, and for CIFAR-10's ` +
        "data_batch_1.bin). Give a folder that has a folder of images for each class.",
    );
  const root = skipWrapper(listing, images);
  const below = (paths: readonly string[]) =>
    paths.filter((path) => path.startsWith(root)).map((path) => path.slice(root.length));
  const layout = groupBySplit(below(images), below(listing.folders));
  const classes = classesOf(tree, layout);
  const notes = layout.ignored > 0 ? [`${layout.ignored} images beside the class folders were left out`] : [];
  const parts = new Map<Split | "all", () => Promise<Samples>>();
  for (const [split, byClass] of layout.splits)
    parts.set(split, async () => {
      checkClasses(tree, split, byClass, classes);
      return samplesOf(tree, root, byClass, classes);
    });
  return { classes: readableNames(classes), channels: 3, parts, notes };
}

/** The path, with a "/" at its end, of the folder that holds the splits or classes: the root, or the one folder in it. */
function skipWrapper({ folders }: TreeListing, images: readonly string[]): string {
  const tops = folders.filter((path) => !path.includes("/"));
  const [top] = tops;
  if (top === undefined || tops.length > 1 || SPLIT_NAMES.has(top.toLowerCase())) return "";
  // A single folder whose images lie directly in it is a class.
  return images.every((path) => path.startsWith(`${top}/`) && path.split("/").length > 2) ? `${top}/` : "";
}

function groupBySplit(images: readonly string[], folders: readonly string[]) {
  const splitOf = (path: string) => SPLIT_NAMES.get(path.split("/", 1)[0]!.toLowerCase());
  // A folder called "test" that holds images directly is a class of that name.
  const hasSplits = images.some((path) => splitOf(path) !== undefined && path.split("/").length > 2);
  const splits = new Map<Split | "all", ClassImages>();
  let ignored = 0;
  const place = (path: string, isImage: boolean) => {
    const parts = path.split("/");
    const split = hasSplits ? splitOf(path) : "all";
    const name = parts[hasSplits ? 1 : 0];
    const inClass = parts.length > (hasSplits ? 2 : 1) || !isImage;
    if (split === undefined || name === undefined || !inClass) {
      if (isImage) ignored++;
      return;
    }
    const byClass = splits.get(split) ?? new Map<string, string[]>();
    splits.set(split, byClass);
    const members = byClass.get(name) ?? [];
    byClass.set(name, members);
    if (isImage) members.push(path);
  };
  for (const folder of folders) place(folder, false);
  for (const image of images) place(image, true);
  return { splits, ignored };
}

/** The names of the classes of all splits together, sorted as Python sorts them (by code point). */
function classesOf(tree: FileTree, { splits }: ReturnType<typeof groupBySplit>): string[] {
  const names = new Set([...splits.values()].flatMap((byClass) => [...byClass.keys()]));
  if (names.size === 0)
    throw new DataError(
      `the images in "${tree.location}" lie directly in it, so nothing says which class they are. Put the images of each ` +
        "class into a folder of the class's name.",
    );
  const classes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (classes.length === 1)
    throw new DataError(
      `"${tree.location}" has only one class, "${classes[0]}": a classifier needs at least two class folders, side by side.`,
    );
  return classes;
}

function checkClasses(tree: FileTree, split: Split | "all", byClass: ClassImages, classes: readonly string[]): void {
  const place = split === "all" ? `"${tree.location}"` : `the ${split} split of "${tree.location}"`;
  const poor = classes.filter((name) => (byClass.get(name)?.length ?? 0) < 2);
  if (poor.length === 0) return;
  const described = poor.slice(0, 5).map((name) => {
    const members = byClass.get(name);
    return `"${name}" ${members === undefined ? "is missing" : members.length === 0 ? "is empty" : "has one image"}`;
  });
  const more = poor.length > 5 ? ` and ${poor.length - 5} more` : "";
  throw new DataError(
    `${place} has class folders with fewer than two images: ${described.join(", ")}${more}. Add images, or remove the class ` +
      "from every split.",
  );
}

function samplesOf(tree: FileTree, root: string, byClass: ClassImages, classes: readonly string[]): Samples {
  const paths: string[] = [];
  const labels: number[] = [];
  classes.forEach((name, label) => {
    for (const path of byClass.get(name)!.sort()) {
      paths.push(root + path);
      labels.push(label);
    }
  });
  return {
    labels: Int32Array.from(labels),
    nameOf: (index) => `"${paths[index]}" in "${tree.location}"`,
    async *read(indices) {
      const positions = new Map<string, number>();
      for (let position = 0; position < indices.length; position++) positions.set(paths[indices[position]!]!, position);
      for await (const { path, bytes } of tree.read(new Set(positions.keys())))
        yield { position: positions.get(path)!, content: { encoded: bytes } };
    },
  };
}

/** WordNet's numbers become words where the folder is ImageNette. */
function readableNames(classes: readonly string[]): readonly string[] {
  return classes.every((name) => IMAGENETTE_NAMES.has(name))
    ? classes.map((name) => IMAGENETTE_NAMES.get(name)!)
    : classes;
}
