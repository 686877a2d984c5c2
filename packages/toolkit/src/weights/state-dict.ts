/**
 * @file Finds the weights in a checkpoint: training scripts store them under other keys, together with numbers, optimizers and
 * averages.
 */

import { DataError } from "../errors.js";
import { TensorView } from "./torch-pickle.js";

/** Usual keys of the weights in training scripts; those of a moving average are last. */
const NESTS = [
  "state_dict",
  "model_state_dict",
  "model_state",
  "model",
  "net",
  "network",
  "backbone",
  "module",
  "weights",
  "params",
  "student",
  "state_dict_ema",
  "model_ema",
  "ema_state_dict",
  "ema",
  "shadow",
  "teacher",
];

/** Largest number of levels that are searched; checkpoints have their weights at the second or third. */
const MAX_DEPTH = 8;

export interface StateDict {
  readonly views: Map<string, TensorView>;
  /** The keys that lead to it. */
  readonly path: readonly string[];
}

/**
 * The outermost dict with weights: tensors under a usual key, or tensors of two dimensions or more with names of parameters. A
 * tensor of one number next to "state_dict" (`best_acc1`), and the states of an optimizer, do not count.
 *
 * @throws {DataError} if there is none, or if there are several under unknown keys
 */
export function findStateDict(root: unknown, source: string): StateDict {
  const found = search(root, [], new Set());
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const keys = found.map(({ path }) => path.join("."));
    throw new DataError(
      "weights-format",
      { source, reason: "several sets of weights" },
      `${source} has several sets of weights (${keys.slice(0, 10).join(", ")}), and no usual key says which one is meant; ` +
        "save one of them with torch.save(model.state_dict(), path)",
    );
  }
  // Parameters without any matrix among them are still weights if there is nothing else.
  const views = root instanceof Map ? viewsOf(root) : [];
  if (views.length > 0) return { views: new Map(views), path: [] };
  const keys = root instanceof Map ? [...root.keys()].filter((key) => typeof key === "string").slice(0, 10) : [];
  throw new DataError(
    "weights-format",
    { source, reason: "no tensors" },
    `${source} has no tensors where weights are expected (keys: ${keys.join(", ") || "none"}); save them with torch.save(model.state_dict(), path)`,
  );
}

const viewsOf = (dict: ReadonlyMap<unknown, unknown>): readonly (readonly [string, TensorView])[] =>
  [...dict].filter(
    (entry): entry is [string, TensorView] => typeof entry[0] === "string" && entry[1] instanceof TensorView,
  );

/** Searches a usual key first, and all other keys otherwise. */
function search(level: unknown, path: readonly string[], above: ReadonlySet<unknown>): readonly StateDict[] {
  if (!(level instanceof Map) || above.has(level) || path.length >= MAX_DEPTH) return [];
  const dict: ReadonlyMap<unknown, unknown> = level;
  const views = viewsOf(dict);
  const isUsual = NESTS.includes(path.at(-1) ?? "");
  if (views.some(([name, { shape }]) => (isUsual ? shape.length > 0 : shape.length >= 2 && isParameter(name))))
    return [{ views: new Map(views), path }];
  const within = new Set([...above, level]);
  for (const key of NESTS) {
    const found = search(dict.get(key), [...path, key], within);
    if (found.length > 0) return found;
  }
  return [...dict].flatMap(([key, value]) =>
    typeof key === "string" && !NESTS.includes(key) ? search(value, [...path, key], within) : [],
  );
}

/**
 * Whether a name can be a parameter's: it has the path of a module, or is its weight. `exp_avg` and `momentum_buffer` of
 * optimizers are not.
 */
const isParameter = (name: string): boolean => name.includes(".") || name === "weight";
