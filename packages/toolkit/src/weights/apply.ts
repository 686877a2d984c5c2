/**
 * @file Puts loaded weights into a graph: matches the tensors of the file with the parameters, and reports what does not fit.
 */

import type { Graph, Tensor } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { parameterNames, statisticsNames } from "../models/count.js";
import { timmName } from "./timm-names.js";

/** Options of `applyWeights`. */
export interface ApplyOptions {
  /**
   * What to do if the last layer of the file is missing or has another number of classes: throw an error, or keep the initial
   * values of the graph.
   */
  readonly head?: "refuse" | "reinitialize";
  /** The name of the file in messages. */
  readonly source?: string;
}

/** The tensors of a file that were put into a graph. */
export interface ApplyReport {
  /** Parameters and statistics that were set, by the graph's names. */
  readonly loaded: readonly string[];
  /** Parameters of the last layer that kept their initial values. */
  readonly reinitialized: readonly string[];
  /** Names of the file without meaning for a graph (batch counters). */
  readonly ignored: readonly string[];
}

/** Names of the last layer in torchvision, timm, the CIFAR ResNets and similar models. */
const HEADS = ["fc", "linear", "classifier", "classifier.1", "head", "head.fc", "last_linear"];

/** Parts of names that other model collections spell differently (kuangliu's `pytorch-cifar`). */
const SYNONYMS: readonly (readonly [RegExp, string])[] = [[/\.shortcut\.([01])\./, ".downsample.$1."]];

/** Counts of training batches and of averaged models, which inference does not read. */
const isCounter = (name: string) => name.endsWith("num_batches_tracked") || name === "n_averaged";

/**
 * The graph with the file's weights instead of its own.
 *
 * @throws {DataError} that lists everything that is missing, left over or of another shape
 */
export function applyWeights(
  graph: Graph,
  weights: ReadonlyMap<string, Tensor>,
  { head = "refuse", source = "the checkpoint" }: ApplyOptions = {},
): { readonly graph: Graph; readonly report: ApplyReport } {
  const { matching, missing, unexpected, misfits, ignored, matches } = compareWeights(graph, weights);
  const headNames = namesOfHead(graph);
  const isReinitialized = (name: string): boolean => {
    const given = weights.get(matches.get(name) ?? "");
    const isKept = head === "reinitialize" && headNames.includes(name);
    return isKept && (!given || differsInClasses(given, graph.tensors.get(name)!));
  };
  const tensors = new Map(graph.tensors);
  for (const name of matching) tensors.set(name, weights.get(matches.get(name)!)!);
  const reinitialized = [...misfits, ...missing].filter(isReinitialized);
  const left = (list: readonly string[]) => list.filter((name) => !reinitialized.includes(name));
  if (matching.length === 0)
    throw new DataError(
      "weights-mismatch",
      { source, network: graph.name, reason: "no common names" },
      `${source} has no tensor of ${graph.name}: its first names are ${list([...weights.keys()], 3)}, those of the model are ${list(parameterNames(graph), 3)}; ` +
        "choose the architecture that the weights were trained with",
    );
  refuseOtherClasses(graph, weights, matches, headNames, head, source);
  const shapesOf = (name: string): string =>
    `${name}: ${show(weights.get(matches.get(name)!)!)} where the model has ${show(graph.tensors.get(name)!)}`;
  const problems = [
    left(missing).length > 0 && `missing ${list(left(missing))}`,
    unexpected.length > 0 && `unexpected ${list(unexpected)}`,
    left(misfits).length > 0 && `of another shape ${list(left(misfits).map(shapesOf))}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0)
    throw new DataError(
      "weights-mismatch",
      { source, network: graph.name, reason: problems.join("; ") },
      `${source} does not fit ${graph.name}: ${problems.join("; ")}; choose the architecture and stem that the weights were trained with`,
    );
  return { graph: { ...graph, tensors }, report: { loaded: matching, reinitialized, ignored } };
}

/**
 * Compares the weights of a file with the parameters and statistics of a graph. A tensor that both have is named as in the
 * graph.
 */
export interface WeightComparison {
  readonly matching: readonly string[];
  readonly missing: readonly string[];
  /** Names in the file that the graph does not have. */
  readonly unexpected: readonly string[];
  /** Names whose shape or type differs. */
  readonly misfits: readonly string[];
  /** Names in the file that have no place in a graph, and are ignored. */
  readonly ignored: readonly string[];
  /** The file's name for each name of the graph. */
  readonly matches: ReadonlyMap<string, string>;
}

export function compareWeights(graph: Graph, weights: ReadonlyMap<string, Tensor>): WeightComparison {
  const names = [...parameterNames(graph), ...statisticsNames(graph)];
  const { matches, unexpected, ignored } = matchNames([...weights.keys()], new Set(names), namesOfHead(graph)[0]);
  const given = (name: string) => weights.get(matches.get(name) ?? "");
  const fits = (name: string): boolean => {
    const [found, own] = [given(name), graph.tensors.get(name)!];
    return found !== undefined && found.dtype === own.dtype && sameShape(found.shape, own.shape);
  };
  return {
    matching: names.filter(fits),
    missing: names.filter((name) => !given(name)),
    misfits: names.filter((name) => given(name) && !fits(name)),
    unexpected,
    ignored,
    matches,
  };
}

/** Weight and bias of the last Gemm. */
function namesOfHead(graph: Graph): readonly string[] {
  return graph.nodes.findLast(({ op }) => op === "Gemm")?.inputs.slice(1) ?? [];
}

/** The name in the file for each name of the graph. If two names mean the same parameter, the second counts as unexpected. */
function matchNames(given: readonly string[], expected: ReadonlySet<string>, headWeight: string | undefined) {
  const wrapper = wrapperOf(given, expected);
  const matches = new Map<string, string>();
  const unexpected: string[] = [];
  const ignored: string[] = [];
  for (const name of given) {
    const target = candidates(name, wrapper, headWeight).find((candidate) => expected.has(candidate));
    if (target !== undefined && !matches.has(target)) matches.set(target, name);
    else (isCounter(name) ? ignored : unexpected).push(name);
  }
  return { matches, unexpected, ignored };
}

/**
 * The prefix that a wrapper put before the names: data parallelism (`module.`), `torch.compile` (`_orig_mod.`),
 * Lightning (`model.`), a part of a larger network (`backbone.`). It is the prefix without which most names are those
 * of the graph; the shortest, if there are several.
 */
function wrapperOf(given: readonly string[], expected: ReadonlySet<string>): string {
  const counts = new Map<string, number>([["", 0]]);
  for (const name of given)
    for (let start = 0; start < name.length; start = name.indexOf(".", start) + 1 || name.length)
      if (namesOf(name.slice(start)).some((each) => expected.has(each))) {
        const prefix = name.slice(0, start);
        counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      }
  const most = Math.max(...counts.values());
  return [...counts].filter(([, count]) => count === most).toSorted(([a], [b]) => a.length - b.length)[0]![0];
}

/** A name and its synonyms. */
const namesOf = (name: string): readonly string[] => [
  name,
  ...SYNONYMS.map(([pattern, replacement]) => name.replace(pattern, replacement)),
  ...(timmName(name) ?? []),
];

/** The names that a tensor could have in the graph, likeliest first. */
function candidates(name: string, wrapper: string, headWeight: string | undefined): string[] {
  const bare = name.startsWith(wrapper) ? name.slice(wrapper.length) : name;
  // The head of a wrapped backbone may lie beside it: `backbone.layer1…` and `head.weight`, or `model.fc.weight`.
  const [, path, parameter] = /^(.+)\.(weight|bias)$/.exec(bare) ?? [];
  const isHead = path !== undefined && HEADS.some((head) => path === head || path.endsWith(`.${head}`));
  const head = isHead ? headWeight?.replace(/weight$/, parameter!) : undefined;
  return [...namesOf(bare), ...(head ? [head] : [])];
}

/**
 * Makes a separate message for a last layer with another number of classes, because this is the beginning of transfer learning.
 */
function refuseOtherClasses(
  graph: Graph,
  weights: ReadonlyMap<string, Tensor>,
  matches: ReadonlyMap<string, string>,
  [weight = ""]: readonly string[],
  head: ApplyOptions["head"],
  source: string,
): void {
  const own = graph.tensors.get(weight);
  const given = weights.get(matches.get(weight) ?? "");
  if (head !== "refuse" || !own || !given || !differsInClasses(given, own)) return;
  throw new DataError(
    "weights-mismatch",
    {
      source,
      network: graph.name,
      found: given.shape[0]!,
      expected: own.shape[0]!,
      reason: "another number of classes",
    },
    `${source} has ${given.shape[0]} classes, but the model has ${own.shape[0]}; build the model for ${given.shape[0]} classes (\`classes\`), ` +
      'or begin a training with a new last layer (the task `train` with `from`, or head: "reinitialize")',
  );
}

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

/** Whether two tensors differ only in the first dimension, the number of classes. */
const differsInClasses = ({ shape: a }: Tensor, { shape: b }: Tensor) =>
  a[0] !== b[0] && sameShape(a.slice(1), b.slice(1));

const show = ({ dtype, shape }: Tensor) => `${dtype}[${shape.join(",")}]`;

const list = (items: readonly string[], most = 5) =>
  items.slice(0, most).join(", ") + (items.length > most ? ` and ${items.length - most} more` : "");
