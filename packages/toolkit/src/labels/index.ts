/** @file Names of classes: files that list them, and which of a model's classes those of a set of images are. */

export { type LabelEntry, type LabelFile, readLabelFile } from "./label-file.js";
export {
  classNames,
  type Match,
  type MatchedBy,
  type Mismatch,
  type ModelClasses,
  matchClasses,
} from "./match-classes.js";
