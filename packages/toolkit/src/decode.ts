/**
 * @file Only the code for images, for programs that only classify: decoding and normalization, without training and reports.
 */

export { decodeBytes, imageSize } from "./data/decode.js";
export { FORMATS } from "./data/image-formats.js";
export { normalize } from "./data/normalize.js";
