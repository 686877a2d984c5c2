/** @file Random crops and flips of one image. The caller's random stream decides which. */

import { type Crop, centreCrop, type RawImage, resizeBilinear } from "@subbyte/engine";
import type { Random } from "../random.js";
import type { Augmentation } from "./types.js";

/** Szegedy et al. 2015, arXiv:1409.4842, §6: share of the area, and aspect ratio, of a random crop. */
const CROP_AREA = [0.08, 1] as const;
const CROP_ASPECT = [3 / 4, 4 / 3] as const;
const CROP_ATTEMPTS = 10;

/**
 * Writes one augmented image of `height` × `width` to `target` (`[H, W, C]`).
 *
 * @param image a stored image, of that size or larger. Random resized crops use all of it, other changes only its centre.
 */
export function augmentImage(
  image: RawImage,
  { height, width }: { readonly height: number; readonly width: number },
  augmentation: Augmentation,
  random: Random,
  target: Uint8Array,
): void {
  const { channels } = image;
  if (augmentation.randomResizedCrop) {
    const crop = randomCrop(image, augmentation.randomResizedCropArea ?? CROP_AREA, random);
    target.set(resizeBilinear(crop, height, width, { top: 0, left: 0, height, width }));
  } else {
    const center = cropCenter(image, height, width);
    const padding = augmentation.cropPadding ?? 0;
    if (padding > 0) {
      const [dy, dx] = [random.integer(2 * padding + 1) - padding, random.integer(2 * padding + 1) - padding];
      shift(center, dy, dx, target);
    } else target.set(center.data);
  }
  if (augmentation.horizontalFlip && random.integer(2) === 1) flipHorizontally(target, height, width, channels);
}

function randomCrop(image: RawImage, area: readonly [number, number], random: Random): RawImage {
  const { height, width } = image;
  for (let attempt = 0; attempt < CROP_ATTEMPTS; attempt++) {
    const pixels = height * width * random.uniform(area[0], area[1]);
    const aspect = Math.exp(random.uniform(Math.log(CROP_ASPECT[0]), Math.log(CROP_ASPECT[1])));
    const cropWidth = Math.round(Math.sqrt(pixels * aspect));
    const cropHeight = Math.round(Math.sqrt(pixels / aspect));
    if (cropWidth < 1 || cropHeight < 1 || cropWidth > width || cropHeight > height) continue;
    const top = random.integer(height - cropHeight + 1);
    const left = random.integer(width - cropWidth + 1);
    return cropImage(image, { top, left, height: cropHeight, width: cropWidth });
  }
  const side = Math.min(height, width);
  return cropCenter(image, side, side);
}

/** Crops an image to the given size, around its centre; an image that has the size is returned as it is. */
export function cropCenter(image: RawImage, height: number, width: number): RawImage {
  if (image.height === height && image.width === width) return image;
  return cropImage(image, centreCrop(image.height, image.width, height, width));
}

function cropImage(image: RawImage, { top, left, height, width }: Crop): RawImage {
  const { channels } = image;
  const data = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * channels;
    data.set(image.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { data, height, width, channels };
}

/** Moves the image down and right by (dy, dx), as cropping a zero-padded image does; the new border is 0. */
function shift(image: RawImage, dy: number, dx: number, target: Uint8Array): void {
  const { height, width, channels, data } = image;
  target.fill(0);
  const from = Math.max(0, -dx);
  const to = Math.min(width, width - dx);
  if (to <= from) return;
  for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
    const row = data.subarray((y * width + from) * channels, (y * width + to) * channels);
    target.set(row, ((y + dy) * width + from + dx) * channels);
  }
}

function flipHorizontally(pixels: Uint8Array, height: number, width: number, channels: number): void {
  for (let y = 0; y < height; y++) {
    let left = y * width * channels;
    let right = left + (width - 1) * channels;
    for (; left < right; left += channels, right -= channels)
      for (let c = 0; c < channels; c++) {
        const byte = pixels[left + c]!;
        pixels[left + c] = pixels[right + c]!;
        pixels[right + c] = byte;
      }
  }
}
