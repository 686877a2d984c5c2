import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { readConfig } from "../../../packages/cli/src/config.js";
import { Random } from "../../../packages/engine/test/programs.js";
import { readLabelFile } from "../../../packages/toolkit/src/labels/index.js";
import { readStudy } from "../../../packages/toolkit/src/study/read-study.js";
import { bitPolicy } from "../../../packages/toolkit/src/tasks/bit-policy.js";
import { damaged } from "./bytes.js";
import { changedJson } from "./json.js";
import { outcomeOf, type Target } from "./target.js";

interface Kind {
  /** Valid texts: YAML, JSON or lines. */
  readonly texts: readonly string[];
  read(path: string): unknown;
}

const json = (value: unknown): string => JSON.stringify(value, null, 1);

const study: Kind = {
  texts: readdirSync("packages/toolkit/studies").map((name) =>
    readFileSync(join("packages/toolkit/studies", name), "utf8"),
  ),
  read(path) {
    const { study, document } = readStudy(readFileSync(path, "utf8"), path);
    document.requireFaultless();
    return study;
  },
};

const config: Kind = {
  texts: [
    "arch: resnet18\ndata: mnist\nepochs: 3\nlearning-rate: 0.1\nseed: 1\nnesterov: true\nquiet: true\n",
    json({ data: "cifar10.tgz", mean: [0.4, 0.5, 0.6], std: "0.1,0.2,0.3", weights: 4, activations: 8, method: "mse" }),
    json({ policy: [{ pattern: "layer*.conv1", weights: 4 }], avgBits: 4.5, out: "model.sbq", resume: true }),
  ],
  read: (path) => readConfig("quantize", ["quantize", "train", "qat"], path),
};

const policy: Kind = {
  texts: [
    json([
      { pattern: "conv1", weights: 8, activations: 8 },
      { pattern: "layer?.*", activations: 4 },
    ]),
    "- { pattern: fc, weights: 2 }\n- pattern: '**'\n  weights: 3\n  activations: 4\n",
  ],
  read: (path) => bitPolicy({ weights: 4, activations: 4, policy: path } as Parameters<typeof bitPolicy>[0]),
};

const labels: Kind = {
  texts: [
    "cat\ndog\n# a comment\nhorse\n",
    "n01440764 tench, Tinca tinca\nn01443537 goldfish\n",
    "0: cat\n1: dog\n2: horse\n",
    "cat\t0\ndog\t1\n",
    json(["cat", "dog"]),
    json({ id2label: { 0: "cat", 1: "dog" } }),
    json([{ index: 1, wnid: "n01440764", name: "tench" }]),
    json({ cat: ["dog", "wolf"], dog: 2 }),
  ],
  read: readLabelFile,
};

/** YAML that is likely to reveal faults: anchors, tags, merges, long and deep values, several documents. */
const lines = [
  "a: &a [x, x, x, x, x, x, x, x, x, x]",
  "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]",
  "c: [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]",
  "name: *a",
  "self: &self { again: *self }",
  "<<: { seed: 1 }",
  "<<: *nothing",
  "__proto__: { polluted: true }",
  "constructor: 1",
  "toString: [1]",
  "? [a, b]\n: c",
  "? { a: 1 }\n: { b: 2 }",
  "? null\n: x",
  "seed: .nan",
  "seed: -.inf",
  "seed: 1e400",
  "seed: 0x1fffffffffffffffff",
  "seed: !!binary aGVsbG8=",
  "data: !!set { a, b }",
  "name: !unknown x",
  "name: 2001-01-01",
  "matrix: ~",
  "matrix: { method: [], bits: [] }",
  "matrix: { seed: [1, 1, 1] }",
  "include: [{}, {}, null]",
  "exclude: [{ method: '*' }]",
  "---",
  "...",
  "%YAML 9.9",
  "\t- x",
  '"\\u0000\\u001b[2J": "\\ud800"',
  `name: ${"x".repeat(3000)}`,
];

function changedText(text: string, random: Random): string {
  const list = text.split("\n");
  for (let changes = random.integer(0, 4); changes > 0; changes--) {
    const at = random.integer(0, list.length);
    switch (random.integer(0, 4)) {
      case 0:
        list.splice(at, 1);
        break;
      case 1:
        list.splice(at, 0, list[random.integer(0, list.length - 1)] ?? "");
        break;
      case 2:
        if (at < list.length)
          list[at] = `${random.pick(["  ", "- ", "\t", ""])}${list[at]!.slice(random.integer(0, 3))}`;
        break;
      default:
        list.splice(at, 0, random.pick(lines));
    }
  }
  if (random.next() < 0.01) {
    const [open, close] = random.pick(["[]", "{}", "- ", "? "]);
    const depth = random.integer(50, 20_000);
    list.push(`deep: ${open!.repeat(depth)}${random.next() < 0.5 ? close!.repeat(depth) : ""}`);
  }
  return list.join("\n");
}

/** The value of a YAML text; undefined if it is not YAML or consists of separate lines. */
function yamlValue(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

export default (folder: string): Target => {
  const path = join(folder, "text.yaml");
  const kinds = [study, study, config, policy, labels];
  const drawn = (seed: number) => {
    const random = new Random(seed);
    const kind = random.pick(kinds);
    const honest = random.pick(kind.texts);
    const value = random.next() < 0.4 ? yamlValue(honest) : undefined;
    const text = value === undefined ? changedText(honest, random) : (json(changedJson(value, random)) ?? "");
    const bytes = new TextEncoder().encode(text);
    return { kind, bytes: random.next() < 0.3 && bytes.length > 0 ? damaged(bytes, random) : bytes };
  };
  return {
    run: async (seed) => {
      const { kind, bytes } = drawn(seed);
      await writeFile(path, bytes);
      const outcome = await outcomeOf(async () => void (await kind.read(path)));
      if ("polluted" in {}) throw new Error("the prototype of all objects was changed");
      return outcome;
    },
    save: (seed, to) => writeFile(to, drawn(seed).bytes),
  };
};
