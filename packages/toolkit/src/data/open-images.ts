/** @file Opens a data set: finds its images, chooses split and number, decodes them once, and caches the result. */

import { basename } from "node:path";
import { UsageError } from "../errors.js";
import { requireNumber } from "../require-number.js";
import { ImageCache } from "./cache.js";
import { isCifarBinary, openCifarBinary } from "./cifar-binary.js";
import { type LabelNeed, openClassFolders } from "./class-folders.js";
import type { PixelTarget } from "./decode.js";
import { decodeSamples } from "./decode-samples.js";
import { leftOut } from "./image-formats.js";
import { type DecodedImages, MemoryImageSet } from "./image-set.js";
import { MNIST_IDENTITY, openMnist } from "./mnist.js";
import { openTree } from "./open-tree.js";
import type { Catalogue } from "./source.js";
import { chooseSplit, everyNth, type SplitRequest, type ValidationShare } from "./split.js";
import type { ImageSet } from "./types.js";

/** Which images are opened, and at which size. */
export interface OpenOptions {
  /** "evaluation" means test if there is such a split, else val. */
  readonly split: SplitRequest;
  /** Takes every n-th image so that about this many remain, with the same share of each class. */
  readonly limit?: number;
  /** Seed for the division of a source without splits; 0 by default. */
  readonly seed?: number;
  /** Share of the training images that is held out for validation; 0 by default. */
  readonly validationShare?: ValidationShare;
  /**
   * Height and width of the images that are returned; one number if they are square. By default the images' own size, which
   * must then be uniform.
   */
  readonly size?: number | readonly [height: number, width: number];
  /** How images are brought to the size; by default "shorter-side" if a size is given, else "exact". */
  readonly resize?: "exact" | "shorter-side";
  /** Whether "exact" resizes images of another size, so that they cover the required one, or refuses them (the default). */
  readonly fit?: "cover" | "exact";
  /** Size of the shorter side before the centre crop: at least the larger of height and width, which is the default. */
  readonly resizeTo?: number;
  /**
   * Factor by which images are stored larger than they are returned, so that random resized crops have room; batches without
   * such crops use the centre. 1 by default; 1.15 suits random resized crops of photographs.
   */
  readonly headroom?: number;
  /** Number of channels; by default that of the source: 1 for MNIST, else 3. */
  readonly channels?: 1 | 3;
  /** "required" by default; "optional" also opens images without class folders, which then have no classes. */
  readonly labels?: LabelNeed;
  /** Leaves damaged images out and counts them in the notes, instead of refusing the set. */
  readonly skipBadImages?: boolean;
  /** Number of images that are decoded at the same time; the number of cores by default. */
  readonly threads?: number;
  /** Called from time to time while images are decoded; not called if they come from the cache. */
  readonly onProgress?: (progress: { readonly images: number; readonly of: number }) => void;
  readonly signal?: AbortSignal;
  /** The cache of decoded images; `ImageCache.standard()` by default. */
  readonly cache?: ImageCache;
}

/**
 * Opens "mnist" (embedded), CIFAR-10's binary version, or class folders with or without splits. The latter two may be a folder
 * or a `.tar`, `.tar.gz` or `.tgz` archive.
 *
 * @throws {DataError} if the source is none of these, is damaged, or lacks the split.
 * @throws {UsageError} if options do not fit each other.
 */
export async function openImages(source: string, options: OpenOptions): Promise<ImageSet> {
  checkOptions(options);
  const tree = source === "mnist" ? undefined : await openTree(source);
  const identity = tree === undefined ? MNIST_IDENTITY : await tree.identity();
  const cache = options.cache ?? ImageCache.standard();
  const target = pixelTarget(options);

  const cached = await readCache(cache, identity, options);
  if (cached !== undefined) return imageSet(cached, options);

  let catalogue: Catalogue;
  if (tree === undefined) catalogue = await openMnist();
  else if (isCifarBinary(await tree.list())) catalogue = await openCifarBinary(tree);
  else catalogue = await openClassFolders(tree, options.labels ?? "required");
  const { split, samples, seeded, notes } = await chooseSplit(catalogue, source, {
    split: options.split,
    seed: options.seed ?? 0,
    validationShare: options.validationShare ?? 0,
  });
  const channels = options.channels ?? catalogue.channels;
  const { skipped, misfits, ...decoded } = await decodeSamples(samples, source, channels, target, options);
  const images: DecodedImages = {
    name: nameOf(source),
    split,
    classes: catalogue.classes,
    channels,
    ...decoded,
    notes: [...catalogue.notes, ...notes, ...skippedNote(skipped), ...misfitsNote(misfits, decoded)],
  };
  const key = cacheKey(identity, options, {
    split: split === "test" ? split : options.split,
    seeded,
    limited: options.limit !== undefined,
    unlabelled: catalogue.classes.length === 0,
  });
  const remark = await cache.write(key, { images, skipped: skipped.length });
  return imageSet(remark === undefined ? images : { ...images, notes: [...images.notes, remark] }, options);
}

function checkOptions({ limit, headroom = 1, validationShare = 0, threads = 1, size, resizeTo }: OpenOptions): void {
  const whole = (name: string, value: number | undefined) => {
    if (value !== undefined) requireNumber(name, value, "a whole number from 1");
  };
  whole("limit", limit);
  whole("threads", threads);
  for (const side of typeof size === "number" ? [size] : (size ?? [])) whole("size", side);
  if (validationShare !== "auto") requireNumber("validationShare", validationShare, "a number in [0, 1)");
  requireNumber("headroom", headroom, "a number from 1 to 4");
  const largest = typeof size === "number" ? size : Math.max(...(size ?? [1]));
  if (resizeTo !== undefined && !(Number.isInteger(resizeTo) && resizeTo >= largest))
    throw new UsageError(
      "option-value",
      { option: "resizeTo", value: resizeTo, expected: `at least ${largest}` },
      `images whose shorter side is resized to ${resizeTo} pixels are too small for a crop of ${largest}: resize to at least that`,
    );
}

/** The size at which images are stored; undefined if they keep their own size. */
function pixelTarget({
  size,
  resize = "shorter-side",
  resizeTo,
  fit,
  headroom = 1,
}: OpenOptions): Omit<PixelTarget, "channels"> | undefined {
  if (size === undefined) return undefined;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const larger = (side: number) => (resize === "exact" ? side : Math.round(side * headroom));
  return {
    height: larger(height),
    width: larger(width),
    resize,
    resizeTo: Math.max(resizeTo ?? 0, larger(height), larger(width)),
    ...(resize === "exact" && fit === "cover" ? { fit } : {}),
  };
}

/** Identifies one of the sets that a source can provide with some options. */
interface CacheVariant {
  /** A test split is the same set whether "test" or "evaluation" was requested. */
  readonly split: SplitRequest;
  /** Whether the choice of images depends on the seed. */
  readonly seeded: boolean;
  readonly limited: boolean;
  readonly unlabelled: boolean;
}

/** A key that covers everything on which the bytes of a set depend. */
function cacheKey(
  identity: string,
  options: OpenOptions,
  { split, seeded, limited, unlabelled }: CacheVariant,
): string {
  const { validationShare = 0, channels, skipBadImages = false } = options;
  return JSON.stringify({
    identity,
    split,
    validationShare,
    target: pixelTarget(options),
    channels,
    skipBadImages,
    seed: seeded ? (options.seed ?? 0) : undefined,
    limit: limited ? options.limit : undefined,
    unlabelled: unlabelled ? true : undefined,
  });
}

/** Tries all variants that fit the request, because which of them the source has is known only after listing it. */
async function readCache(
  cache: ImageCache,
  identity: string,
  options: OpenOptions,
): Promise<DecodedImages | undefined> {
  const splits = options.split === "evaluation" ? (["test", "evaluation"] as const) : [options.split];
  const unlabelledToo = options.labels === "optional" ? [false, true] : [false];
  for (const unlabelled of unlabelledToo)
    for (const split of splits)
      for (const seeded of [false, true]) {
        const variant = { split, seeded, unlabelled };
        const whole = await cache.read(cacheKey(identity, options, { ...variant, limited: false }));
        if (whole !== undefined && options.limit === undefined) return whole.images;
        if (whole !== undefined && whole.skipped === 0)
          return pick(whole.images, everyNth(whole.images.labels, options.limit));
        if (options.limit === undefined) continue;
        const limited = await cache.read(cacheKey(identity, options, { ...variant, limited: true }));
        if (limited !== undefined) return limited.images;
      }
  return undefined;
}

/** Copies the chosen images, so that the others can be freed. */
function pick(images: DecodedImages, indices: Uint32Array): DecodedImages {
  const size = images.storedHeight * images.storedWidth * images.channels;
  const pixels = new Uint8Array(indices.length * size);
  indices.forEach((index, i) => {
    pixels.set(images.pixels.subarray(index * size, (index + 1) * size), i * size);
  });
  return { ...images, pixels, labels: Int32Array.from(indices, (index) => images.labels[index]!) };
}

function imageSet(images: DecodedImages, { size }: OpenOptions): ImageSet {
  const [height, width] = typeof size === "number" ? [size, size] : (size ?? []);
  return new MemoryImageSet(images, height, width);
}

const skippedNote = (skipped: readonly string[]): string[] =>
  leftOut(skipped, (count) => `${count === 1 ? "1 damaged image was" : `${count} damaged images were`} left out`);

const misfitsNote = (
  misfits: number,
  { storedHeight, storedWidth, labels }: Pick<DecodedImages, "storedHeight" | "storedWidth" | "labels">,
) =>
  misfits === 0
    ? []
    : [
        `${misfits} of ${labels.length} images have another size than ${storedWidth}×${storedHeight} pixels: they are resized to cover that, ` +
          "and the centre is cut out",
      ];

/** "../data/cifar10.tgz" → "cifar10" */
function nameOf(source: string): string {
  return basename(source).replace(/\.(tgz|tar|tar\.gz)$/i, "");
}
