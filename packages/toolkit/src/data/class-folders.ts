/**
 * @file Class folders, as torchvision's ImageFolder reads them: an image's folder names its class, and classes are numbered in
 * the order of their names. There may be folders of splits above them, and one more folder above those
 * (`imagenette2-160/train/n01440764/….JPEG`).
 */

import { DataError } from "../errors.js";
import { IMAGENETTE_NAMES } from "../labels/imagenette.js";
import type { FileTree, TreeListing } from "./file-tree.js";
import { FORMATS, isImageFile, leftOut, otherFilesNote } from "./image-formats.js";
import type { Catalogue, Samples } from "./source.js";
import type { Split } from "./types.js";

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

/** Whether every image needs a class: it does for training and evaluation, but not for calibration. */
export type LabelNeed = "required" | "optional";

/**
 * Opens class folders.
 *
 * @param labels `"optional"` also accepts images without class folders, with only one class, or with one image per class; if
 * the folders give no labels, all images are one training part and the list of classes is empty
 * @throws {DataError} if there are no images or if splits differ; with `"required"`, also if there are no class folders, only
 * one class, a class without images, or a class with a single image that both training and test would need
 */
export async function openClassFolders(tree: FileTree, labels: LabelNeed): Promise<Catalogue> {
  const listing = await tree.list();
  const images = listing.files.filter(isImageFile);
  const notes = [
    ...otherFilesNote(listing.files.filter((path) => !isImageFile(path))),
    ...leftOut(listing.leftOut, (count) => `${count === 1 ? "1 entry was" : `${count} entries were`} left out`),
  ];
  if (images.length === 0)
    throw new DataError(
      "no-images",
      { source: tree.location },
      `"${tree.location}" has no images: ${notes.length > 0 ? notes.join("; ") : "it is empty"}. Give a folder that has a folder ` +
        `of ${FORMATS} files for each class, or CIFAR-10's binary files.`,
    );
  const root = skipWrapper(listing, images);
  const below = (paths: readonly string[]) =>
    paths.filter((path) => path.startsWith(root)).map((path) => path.slice(root.length));
  const layout = groupBySplit(below(images), below(listing.folders));
  if (labels === "optional" && !hasLabels(layout)) return unlabelled(tree, images, notes);
  const classes = classesOf(tree, layout);
  notes.push(
    ...leftOut(layout.ignored, (count) =>
      count === 1
        ? "1 image outside the class folders was left out"
        : `${count} images outside the class folders were left out`,
    ),
  );
  const parts = new Map<Split | "all", () => Promise<Samples>>();
  for (const [split, byClass] of layout.splits)
    parts.set(split, async () => {
      checkClasses(tree, split, byClass, classes);
      return samplesOf(tree, root, byClass, classes);
    });
  return { classes: readableNames(classes), channels: 3, parts, notes };
}

/** Whether there are at least two classes, and, if training and test images are still to be divided, two images of each. */
function hasLabels({ splits }: Layout): boolean {
  const names = new Set([...splits.values()].flatMap((byClass) => [...byClass.keys()]));
  return names.size > 1 && [...(splits.get("all")?.values() ?? [])].every((members) => members.length > 1);
}

function unlabelled(tree: FileTree, images: readonly string[], notes: readonly string[]): Catalogue {
  const byClass = new Map([["", [...images]]]);
  const note = `"${tree.location}" gives no labels, so its ${images.length} images can only be used for calibration`;
  return {
    classes: [],
    channels: 3,
    parts: new Map([["train", async () => samplesOf(tree, "", byClass, [""])]]),
    notes: [...notes, note],
  };
}

/** The path, ending in "/", of the folder that contains the splits or classes: the root, or its only folder. */
function skipWrapper({ folders }: TreeListing, images: readonly string[]): string {
  const tops = folders.filter((path) => !path.includes("/"));
  const [top] = tops;
  if (top === undefined || tops.length > 1 || SPLIT_NAMES.has(top.toLowerCase())) return "";
  // A single folder whose images lie directly in it is a class.
  return images.every((path) => path.startsWith(`${top}/`) && path.split("/").length > 2) ? `${top}/` : "";
}

interface Layout {
  readonly splits: ReadonlyMap<Split | "all", ClassImages>;
  /** Images outside of class folders. */
  readonly ignored: readonly string[];
}

function groupBySplit(images: readonly string[], folders: readonly string[]): Layout {
  const splitOf = (path: string) => SPLIT_NAMES.get(path.split("/", 1)[0]!.toLowerCase());
  // A folder called "test" that holds images directly is a class of that name.
  const hasSplits = images.some((path) => splitOf(path) !== undefined && path.split("/").length > 2);
  const splits = new Map<Split | "all", ClassImages>();
  const ignored: string[] = [];
  const place = (path: string, isImage: boolean) => {
    const parts = path.split("/");
    const split = hasSplits ? splitOf(path) : "all";
    const name = parts[hasSplits ? 1 : 0];
    const inClass = parts.length > (hasSplits ? 2 : 1) || !isImage;
    if (split === undefined || name === undefined || !inClass) {
      if (isImage) ignored.push(path);
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

/** The names of the classes of all splits, sorted as Python sorts them (by code point). */
function classesOf(tree: FileTree, { splits }: Layout): string[] {
  const names = new Set([...splits.values()].flatMap((byClass) => [...byClass.keys()]));
  if (names.size === 0)
    throw new DataError(
      "no-classes",
      { source: tree.location },
      `the images in "${tree.location}" lie directly in it, so nothing says which class they are. Put the images of each ` +
        "class into a folder of the class's name.",
    );
  const classes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (classes.length === 1)
    throw new DataError(
      "no-classes",
      { source: tree.location, classes },
      `"${tree.location}" has only one class, "${classes[0]}": a classifier needs at least two class folders, side by side.`,
    );
  return classes;
}

function checkClasses(tree: FileTree, split: Split | "all", byClass: ClassImages, classes: readonly string[]): void {
  // Images that are still to be divided must be in both parts.
  const [place, least] = split === "all" ? [`"${tree.location}"`, 2] : [`the ${split} split of "${tree.location}"`, 1];
  const poor = classes.filter((name) => (byClass.get(name)?.length ?? 0) < least);
  if (poor.length === 0) return;
  const described = poor.slice(0, 5).map((name) => {
    const members = byClass.get(name);
    return `"${name}" ${members === undefined ? "is missing" : members.length === 0 ? "is empty" : "has one image"}`;
  });
  const more = poor.length > 5 ? ` and ${poor.length - 5} more` : "";
  throw new DataError(
    "too-few-images",
    { source: place, classes: poor },
    `${place} has class folders with fewer than ${least === 1 ? "one image" : "two images"}: ${described.join(", ")}${more}. Add ` +
      "images, or remove the class from every split.",
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

/** Replaces WordNet's numbers by words if the classes are ImageNette's. */
function readableNames(classes: readonly string[]): readonly string[] {
  return classes.every((name) => IMAGENETTE_NAMES.has(name))
    ? classes.map((name) => IMAGENETTE_NAMES.get(name)!)
    : classes;
}
