/** @file Turns a graph that was read from a file into an image classifier of the usual form. */

import { ModelError } from "../errors.js";
import type { Graph } from "../ir/types.js";
import { foldConstants } from "../passes/fold-constants.js";
import { foldShapes } from "../passes/fold-shapes.js";
import { type PassOptions, runPasses } from "../passes/pass.js";
import { removeDeadNodes } from "../passes/remove-dead-nodes.js";
import { removeIdentities } from "../passes/remove-identities.js";
import { simplifyForImport } from "../passes/simplify.js";
import { withSymbolicBatch } from "../passes/symbolic-batch.js";
import { withFlatOutputs } from "./flat-outputs.js";
import { fromQdq } from "./from-qdq.js";
import { type InputChange, type InputFormOptions, toImageInput } from "./input-form.js";
import { type Normalization, withoutNormalization } from "./input-normalization.js";

/** How the file takes its images. */
export interface FileInput {
  /**
   * The largest value of a pixel: 1 if the file takes pixel / 255, 255 if it takes bytes; undefined if this cannot be told from
   * the file.
   */
  readonly unit: 1 | 255 | undefined;
  /** The normalization that the file contained, in that unit. The graph no longer does it; the code that reads images must. */
  readonly normalization: Normalization | undefined;
  readonly changes: readonly InputChange[];
}

/** A classifier in the usual form, and how its file takes images. */
export interface ImportedClassifier {
  /**
   * The network with one float32 input [N, C, H, W], normalized. Outputs are as in the file, but those of classes are [N,
   * classes]. If the file is quantized, it has FakeQuant nodes.
   */
  readonly graph: Graph;
  readonly input: FileInput;
}

/** Passes that remove nodes which make the first layers hard to recognize. */
const preparation = [removeDeadNodes, foldConstants, foldShapes, removeIdentities];

/**
 * Simplifies a classifier and brings its input and outputs to the usual form. This handles bytes, channels last, a flat vector,
 * a fixed batch, normalization inside the network, and axes of size 1 at the end. Functions of the logits, such as a Softmax,
 * stay.
 *
 * @throws {ModelError} that lists all unsupported operators that remain
 */
export function importClassifier(graph: Graph, options: InputFormOptions & PassOptions = {}): ImportedClassifier {
  const { graph: formed, changes } = toImageInput(fromQdq(graph), options);
  requireSize(formed);
  const prepared = withSymbolicBatch(runPasses(formed, preparation, options));
  const inner = withoutNormalization(prepared);
  const simplified = simplifyForImport(inner?.graph ?? prepared, options);
  const unit = changes.includes("bytes") ? 255 : inner?.normalization && unitOf(inner.normalization);
  return {
    graph: withFlatOutputs(withSymbolicBatch(simplified)),
    input: { unit, normalization: inner?.normalization, changes },
  };
}

/** A larger mean or deviation belongs to pixels of 0…255: for pixels of 0…1 they hardly ever reach these values. */
const LARGEST_MEAN = 2;
const LARGEST_STD = 10;

/**
 * The unit of pixels to which a normalization belongs. A normalization that narrows 0…1, such as torchvision's
 * `transform_input`, follows an earlier one, so it does not tell the unit.
 */
function unitOf({ mean, std }: Normalization): 1 | 255 | undefined {
  const isOfBytes = mean.some((value) => Math.abs(value) > LARGEST_MEAN) || std.every((value) => value > LARGEST_STD);
  if (isOfBytes) return 255;
  return std.every((value) => value < 1) ? 1 : undefined;
}

/** @throws {ModelError} if the height or width of the image is open, because no later size would be known */
function requireSize({ name, inputs: [input, ...others] }: Graph): void {
  const image = input?.shape?.slice(2);
  if (others.length > 0 || image?.length !== 2 || image.every((dim) => typeof dim === "number")) return;
  throw new ModelError(
    "not-a-classifier",
    { graph: name, found: [...input!.shape!], expected: "fixed height and width" },
    `"${name}" takes images [${input!.shape}], with height and width open; say the size of the images in pixels ` +
      "(224 for most networks of ImageNet), or export it with a fixed size",
  );
}
