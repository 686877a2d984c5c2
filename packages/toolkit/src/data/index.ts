/** @file Data sets: opening, caching, batches, normalization. */

export { ImageCache } from "./cache.js";
export { download } from "./download.js";
export type { DownloadOptions, DownloadProgress } from "./download-file.js";
export { type DecodedImages, MemoryImageSet } from "./image-set.js";
export { type Normalization, normalizationTables, normalize } from "./normalize.js";
export { type OpenOptions, openImages } from "./open-images.js";
export { relabelled, unlabelled } from "./relabelled.js";
export type { SplitRequest } from "./split.js";
export * from "./types.js";
export { type UsualNormalization, usualNormalizations } from "./usual-normalizations.js";
