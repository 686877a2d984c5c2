/** @file Puts loaded weights into a graph: finds which tensor of the file is which parameter, and says what does not fit. */

import type { Graph, Tensor } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { parameterNames, statisticsNames } from "../models/count.js";

/** Options of `applyWeights`. */
export interface ApplyOptions {
  /**
   * What happens where the file's last layer has another number of classes or is missing: an error, or the graph keeps the
   * initial values that it has.
   */
  readonly head?: "refuse" | "reinitialize";
  /** What messages call the file. */
  readonly source?: string;
}

/** Which tensors of a file went into a graph. */
export interface ApplyReport {
  /** Parameters and statistics that were set, by the graph's names. */
  readonly loaded: readonly string[];
  /** Those of the last layer that kept their initial values. */
  readonly reinitialized: readonly string[];
  /** Names of the file that mean nothing to a graph (batch counters). */
  readonly ignored: readonly string[];
}

/** What wrappers put before every name: data parallelism, `torch.compile`, Lightning, and training scripts of all kinds. */
const WRAPPERS = ["module.", "_orig_mod.", "model.", "net.", "network.", "state_dict."];

/** The last layer's name in torchvision, timm, the CIFAR ResNets and their relatives. */
const HEADS = ["fc", "linear", "classifier", "classifier.1", "head", "head.fc", "last_linear"];

/** Parts that other model collections name otherwise (kuangliu's `pytorch-cifar`). */
const SYNONYMS: readonly (readonly [RegExp, string])[] = [[/\.shortcut\.([01])\./, ".downsample.$1."]];

/** Counts of training batches, which inference does not read. */
const isBatchCounter = (name: string) => name.endsWith("num_batches_tracked");

/**
 * A graph with the file's weights in place of its own.
 *
 * @throws {DataError} listing everything that is missing, left over or of another shape.
 */
export function applyWeights(
  graph: Graph,
  weights: ReadonlyMap<string, Tensor>,
  { head = "refuse", source = "the checkpoint" }: ApplyOptions = {},
): { readonly graph: Graph; readonly report: ApplyReport } {
  const names = [...parameterNames(graph), ...statisticsNames(graph)];
  const headNames = namesOfHead(graph);
  const { matches, unexpected, ignored } = matchNames(weights.keys(), new Set(names), headNames[0]);

  const tensors = new Map(graph.tensors);
  const loaded: string[] = [];
  const reinitialized: string[] = [];
  const missing: string[] = [];
  const misfits: string[] = [];
  for (const name of names) {
    const own = graph.tensors.get(name)!;
    const given = weights.get(matches.get(name) ?? "");
    if (given && given.dtype === own.dtype && sameShape(given.shape, own.shape)) {
      tensors.set(name, given);
      loaded.push(name);
    } else if (head === "reinitialize" && headNames.includes(name) && (!given || differsInClasses(given, own))) {
      reinitialized.push(name);
    } else if (given) misfits.push(`${name}: ${show(given)} where the model has ${show(own)}`);
    else missing.push(name);
  }

  if (loaded.length === 0)
    throw new DataError(
      "weights-mismatch",
      { source, network: graph.name, reason: "no common names" },
      `${source} has nothing of ${graph.name}: its first names are ${list([...weights.keys()], 3)}, the model's ${list(names, 3)}; ` +
        "choose the architecture that the weights were trained with",
    );
  refuseOtherClasses(graph, weights, matches, headNames, head, source);
  const problems = [
    missing.length > 0 && `missing ${list(missing)}`,
    unexpected.length > 0 && `unexpected ${list(unexpected)}`,
    misfits.length > 0 && `of another shape ${list(misfits)}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0)
    throw new DataError(
      "weights-mismatch",
      { source, network: graph.name, reason: problems.join("; ") },
      `${source} does not fit ${graph.name}: ${problems.join("; ")}; choose the architecture and stem that the weights were trained with`,
    );
  return { graph: { ...graph, tensors }, report: { loaded, reinitialized, ignored } };
}

/** Weight and bias of the last Gemm. */
function namesOfHead(graph: Graph): readonly string[] {
  return graph.nodes.findLast(({ op }) => op === "Gemm")?.inputs.slice(1) ?? [];
}

/** Which name of the file each of the graph's names has. Of two that mean the same, the second is unexpected. */
function matchNames(given: Iterable<string>, expected: ReadonlySet<string>, headWeight: string | undefined) {
  const matches = new Map<string, string>();
  const unexpected: string[] = [];
  const ignored: string[] = [];
  for (const name of given) {
    const target = candidates(name, headWeight).find((candidate) => expected.has(candidate));
    if (target !== undefined && !matches.has(target)) matches.set(target, name);
    else (isBatchCounter(name) ? ignored : unexpected).push(name);
  }
  return { matches, unexpected, ignored };
}

/** The names that a tensor could have in the graph, likeliest first. */
function candidates(name: string, headWeight: string | undefined): string[] {
  const unwrapped = [name];
  for (let inner: string | undefined = name; inner !== undefined; ) {
    const wrapper: string | undefined = WRAPPERS.find((prefix) => inner!.startsWith(prefix));
    inner = wrapper && inner.slice(wrapper.length);
    if (inner) unwrapped.push(inner);
  }
  const bare = unwrapped.at(-1)!;
  const renamed = SYNONYMS.map(([pattern, replacement]) => bare.replace(pattern, replacement));
  const [, path, parameter] = /^(.+)\.(weight|bias)$/.exec(bare) ?? [];
  const head = path && HEADS.includes(path) ? headWeight?.replace(/weight$/, parameter!) : undefined;
  return [...unwrapped, ...renamed, ...(head ? [head] : [])];
}

/** A last layer of another class count gets a message of its own: it is what transfer learning begins with. */
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
    `${source} classifies ${given.shape[0]} classes, the model ${own.shape[0]}; build the model for ${given.shape[0]} classes (\`classes\`), ` +
      'or begin a training with a new last layer (the task `train` with `from`, or head: "reinitialize")',
  );
}

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

/** Whether only the first dimension, that of the classes, is another. */
const differsInClasses = ({ shape: a }: Tensor, { shape: b }: Tensor) =>
  a[0] !== b[0] && sameShape(a.slice(1), b.slice(1));

const show = ({ dtype, shape }: Tensor) => `${dtype}[${shape.join(",")}]`;

const list = (items: readonly string[], most = 5) =>
  items.slice(0, most).join(", ") + (items.length > most ? ` and ${items.length - most} more` : "");
