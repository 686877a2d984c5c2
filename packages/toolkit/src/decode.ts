/** @file Decodes and normalizes images, without training and reports, for programs that only classify. */

export { decodeBytes, imageSize } from "./data/decode.js";
export { FORMATS } from "./data/image-formats.js";
export { normalize } from "./data/normalize.js";
