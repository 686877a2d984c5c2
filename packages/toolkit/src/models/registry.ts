/** @file The list of built-in architectures, and a function that builds them. */

import type { Graph } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import type { Architecture, Stem } from "./architecture.js";
import { Layers } from "./layers.js";
import { mobilenets } from "./mobilenet.js";
import { resnets } from "./resnet.js";

/** Options of `buildModel`. */
export interface ModelOptions {
  readonly classes: number;
  /** Side of the square input images, in pixels. */
  readonly size?: number;
  readonly channels?: 1 | 3;
  readonly stem?: Stem;
  /** Seed of the initial parameters; 0 by default. */
  readonly seed?: number;
  /** Whether weights get initial values; if false, they stay zero. This saves seconds if a checkpoint replaces them all. */
  readonly initialize?: boolean;
}

/** All built-in networks. */
export const architectures: readonly Architecture[] = [...resnets, ...mobilenets];

/**
 * The architecture of that name.
 *
 * @throws {UsageError} if there is none; the message names those that exist
 */
export function findArchitecture(name: string): Architecture {
  const architecture = architectures.find((candidate) => candidate.name === name);
  if (architecture) return architecture;
  const known = architectures.map((candidate) => candidate.name).join(", ");
  throw new UsageError(
    "option-choice",
    { option: "arch", value: name, allowed: architectures.map((each) => each.name) },
    `there is no built-in architecture "${name}"; choose one of ${known}, or import an ONNX file`,
  );
}

/**
 * A newly initialised classifier: input `"input"` float32 `["N", channels, size, size]`, output `"logits"` `["N", classes]`.
 *
 * @throws {UsageError} if an option does not fit the architecture.
 */
export function buildModel(architecture: string | Architecture, options: ModelOptions): Graph {
  const found = typeof architecture === "string" ? findArchitecture(architecture) : architecture;
  const {
    classes,
    size = found.size,
    channels = found.channels,
    stem = found.stems[0],
    seed = 0,
    initialize = true,
  } = options;
  if (!(Number.isInteger(classes) && classes >= 2))
    throw new UsageError(
      "option-value",
      { option: "classes", value: classes, expected: "at least 2" },
      `${found.name}: a classifier needs at least 2 classes, got ${classes}`,
    );
  if (!(Number.isInteger(size) && size >= 8))
    throw new UsageError(
      "option-value",
      { option: "size", value: size, expected: "at least 8" },
      `${found.name}: the image size must be an integer of at least 8 pixels, got ${size}`,
    );
  if (!found.stems.includes(stem))
    throw new UsageError(
      "option-choice",
      { option: "stem", value: stem, allowed: found.stems },
      `${found.name} has no stem "${stem}", only ${found.stems.map((name) => `"${name}"`).join(", ")}`,
    );
  const layers = new Layers(found.name, initialize ? seed : undefined);
  found.build(layers, layers.input(channels, size), { stem, classes });
  return layers.build();
}
