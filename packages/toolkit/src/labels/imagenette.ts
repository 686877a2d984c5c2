/** @file The classes of ImageNette, whose folders are named by WordNet's numbers (https://github.com/fastai/imagenette). */

export const IMAGENETTE_NAMES: ReadonlyMap<string, string> = new Map([
  ["n01440764", "tench"],
  ["n02102040", "English springer"],
  ["n02979186", "cassette player"],
  ["n03000684", "chain saw"],
  ["n03028079", "church"],
  ["n03394916", "French horn"],
  ["n03417042", "garbage truck"],
  ["n03425413", "gas pump"],
  ["n03445777", "golf ball"],
  ["n03888257", "parachute"],
]);
