/** @file Names of classes: reads files that list them, and matches the classes of images with those of a model. */

export { type LabelEntry, type LabelFile, readLabelFile } from "./label-file.js";
export {
  classNames,
  type Match,
  type MatchedBy,
  type Mismatch,
  type ModelClasses,
  matchClasses,
} from "./match-classes.js";
