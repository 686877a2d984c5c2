/** @file Finds the built-in architecture to which a file's weights belong, by their names and shapes. */

import type { Tensor } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { type Architecture, architectures, buildModel, type Stem } from "../models/index.js";
import { compareWeights } from "../weights/apply.js";

export interface Fit {
  /** The architecture's name, with the stem if there are several. */
  readonly title: string;
  readonly architecture: string;
  readonly stem: Stem;
  readonly channels: 1 | 3;
}

interface Tried extends Fit {
  /** Number of tensors of the network that the file has in the same shape. */
  readonly matching: number;
  /** Number of tensors that only one of the two has, or that differ in shape. */
  readonly others: number;
}

/**
 * The only architecture that the weights fit.
 *
 * @param known what the caller knows about the network
 * @throws {UsageError} that names the architectures that fit, if there are several, or the nearest, if there are none
 */
export function fittingArchitecture(
  weights: ReadonlyMap<string, Tensor>,
  path: string,
  known: { readonly classes: number; readonly stem?: Stem | undefined; readonly channels?: 1 | 3 | undefined },
): Fit {
  const tried = architectures.flatMap((architecture) => trials(architecture, weights, known));
  const fits = tried.filter(({ others }) => others === 0);
  if (fits.length === 1) return fits[0]!;
  const allowed = fits.map(({ architecture }) => architecture);
  if (fits.length > 1)
    throw new UsageError(
      "option-missing",
      { option: "arch", file: path, allowed },
      `${path} holds weights without a network, and they fit ${fits.map(({ title }) => title).join(" and ")}; name one with \`arch\` (and \`stem\`).`,
    );
  const [nearest] = tried.toSorted((a, b) => b.matching - a.matching || a.others - b.others);
  throw new UsageError(
    "option-missing",
    { option: "arch", file: path },
    `${path} holds weights without a network, and they fit none of the built-in architectures` +
      // A few tensors in common, such as fc.weight and fc.bias, do not make networks similar.
      (nearest && nearest.matching > nearest.others
        ? `; the nearest is ${nearest.title}, with ${nearest.matching} tensors in common and ${nearest.others} not: ` +
          `give \`arch\` ${nearest.architecture} to see what differs. `
        : ". ") +
      "If it is another network, export it to ONNX and give that file.",
  );
}

function trials(
  { name, stems, channels: usual }: Architecture,
  weights: ReadonlyMap<string, Tensor>,
  { classes, stem: wanted, channels: given }: Parameters<typeof fittingArchitecture>[2],
): readonly Tried[] {
  const channels = given ?? inputChannels(weights) ?? usual;
  return stems
    .filter((stem) => wanted === undefined || stem === wanted)
    .map((stem) => {
      const graph = buildModel(name, { classes, stem, channels, initialize: false });
      const { matching, missing, unexpected, misfits } = compareWeights(graph, weights);
      const others = missing.length + unexpected.length + misfits.length;
      const title = stems.length > 1 ? `${name} with the ${stem} stem` : name;
      return { title, architecture: name, stem, channels, matching: matching.length, others };
    });
}

/** Input channels of the first convolution. */
function inputChannels(weights: ReadonlyMap<string, Tensor>): 1 | 3 | undefined {
  const first = [...weights.values()].find(({ shape }) => shape.length === 4)?.shape[1];
  return first === 1 || first === 3 ? first : undefined;
}
