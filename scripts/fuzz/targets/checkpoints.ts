import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeModel, loadWeights, openModel, writeSafetensors } from "@subbyte/toolkit";
import { strToU8, zipSync } from "fflate";
import { Random } from "../../../packages/engine/test/programs.js";
import { readCheckpoint, writeCheckpoint } from "../../../packages/toolkit/src/training/checkpoint.js";
import { emptyPosition, trainingRun } from "../../../packages/toolkit/src/training/position.js";
import { damaged, joined } from "./bytes.js";
import { changedJson } from "./json.js";
import { type Outcome, outcomeOf, refused, type Target } from "./target.js";

const latin = (value: string): Uint8Array => strToU8(value, true);
const short = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
const count = (value: number) => `J${String.fromCharCode(value & 255, (value >> 8) & 255)}\0\0`;
const tuple = (values: readonly number[]) => `(${values.map(count).join("")}t`;
const storage = (key: string, length: number, type: string) =>
  `(${short("storage")}ctorch\n${type}\n${short(key)}${short("cpu")}${count(length)}tQ`;
const tensor = (
  key: string,
  length: number,
  shape: readonly number[],
  strides: readonly number[],
  type = "FloatStorage",
) =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${storage(key, length, type)}${count(0)}${tuple(shape)}${tuple(strides)}\x89ccollections\nOrderedDict\n)RtR`;

/** Parts of pickles, valid and invalid, that are strung together. */
const words = [
  ..."}])(NtulaesQR0\x85\x86\x87\x88\x89\x94\x81\x93\x90\x8f\x91.2",
  "K\x01",
  "M\x10\x01",
  "J\xff\xff\xff\x7f",
  "J\xff\xff\xff\xff",
  "\x8a\x01\x80",
  "\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
  "G\x7f\xf8\0\0\0\0\0\0",
  "h\0",
  "h\x01",
  "q\0",
  "q\x01",
  "r\xff\xff\xff\x7f",
  "j\xff\xff\xff\x7f",
  "ccollections\nOrderedDict\n",
  "ctorch._utils\n_rebuild_tensor_v2\n",
  "ctorch\nHalfStorage\n",
  "ctorch\nSize\n",
  "cos\nsystem\n",
  "c__builtin__\nset\n",
  short("state_dict"),
  short("__proto__"),
  short("w"),
  tensor("0", 4, [2, 2], [2, 1]),
  tensor("0", 4, [2, 2], [1, 2]),
  tensor("0", 2, [2], [1], "LongStorage"),
  tensor("1", 300, [300], [1], "BFloat16Storage"),
  tensor("0", 4, [4, 9], [1, 0]),
  tensor("0", 4, [0, 9], [1, 1]),
];

/** A pickled dict of tensors, with parts inserted, left out or swapped. */
function pickle(random: Random): string {
  const parts = [
    "}",
    short("state_dict"),
    "}",
    "(",
    short("w"),
    tensor("0", 4, [2, 2], [2, 1]),
    short("b"),
    tensor("0", 4, [4], [1]),
    "u",
    "s",
  ];
  for (let changes = random.integer(0, 6); changes > 0; changes--) {
    const at = random.integer(0, parts.length);
    parts.splice(at, random.integer(0, 2), ...Array.from({ length: random.integer(0, 3) }, () => random.pick(words)));
  }
  if (random.next() < 0.02)
    parts.push(...Array(random.integer(100, 60_000)).fill(random.pick(["(", "]", "}", "\x85", "N0", "]a"])));
  return `\x80\x02${parts.join("")}.`;
}

const zipped = (random: Random): Uint8Array =>
  zipSync(
    {
      "a/data.pkl": latin(pickle(random)),
      "a/data/0": new Uint8Array(random.pick([16, 16, 16, 15, 0])),
      "a/data/1": new Uint8Array(600),
      ...(random.next() < 0.1 ? { "a/byteorder": latin(random.pick(["little", "big", ""])) } : {}),
    },
    { level: random.next() < 0.1 ? 6 : 0 },
  );

function legacy(random: Random): Uint8Array {
  const keys = random.pick([`](${short("0")}${short("1")}e.`, `](${short("0")}e.`, "].", pickle(random).slice(2)]);
  const head = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
  const data = (length: number) => [
    Uint8Array.of(length & 255, length >> 8, 0, 0, 0, 0, 0, 0),
    new Uint8Array(4 * length),
  ];
  return joined(latin(`${head}${pickle(random)}\x80\x02${keys}`), ...data(4), ...data(300));
}

const tensors = new Map([
  ["conv1.weight", { dtype: "float32", shape: [2, 3], data: new Float32Array(6) } as const],
  ["fc.weight", { dtype: "float16", shape: [3], data: new Uint16Array(3) } as const],
]);

const description = {
  architecture: "resnet8",
  classes: 3,
  channels: 3,
  size: 32,
  stem: "cifar",
  mean: [0, 0, 0],
  std: [1, 1, 1],
  labels: ["a", "b", "c"],
} as const;

function safetensors(random: Random): Uint8Array {
  const described = changedJson(description, random);
  const metadata = describeModel(described as never);
  const file = writeSafetensors(tensors, metadata["subbyte.model"] === undefined ? {} : metadata);
  const length = new DataView(file.buffer).getUint32(0, true);
  const header = changedJson(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))), random);
  const json = strToU8(JSON.stringify(header) ?? "");
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setUint32(0, json.length, true);
  return joined(prefix, json, file.subarray(8 + length));
}

/** Writes a checkpoint of ours with a correct checksum, so that the reader reads what follows the checksum. */
async function writeOurs(random: Random, path: string): Promise<void> {
  const settings = changedJson({ seed: 1, epochs: 2, model: "x" }, random);
  const position = changedJson({ ...emptyPosition, history: [{ epoch: 1, step: 3 }] }, random);
  await writeCheckpoint(path, trainingRun, { settings, position, tensors } as never);
}

export default (folder: string): Target => {
  const path = join(folder, "checkpoint");
  /** A file, and the reader that it is for: 0 our checkpoints, 1 models, 2 weights. */
  const drawn = (seed: number) => {
    const random = new Random(seed);
    const kind = random.integer(0, 9);
    if (kind === 0) return { reader: 0, write: (to: string) => writeOurs(random, to) };
    const honest = kind < 4 ? zipped(random) : kind < 6 ? legacy(random) : safetensors(random);
    const bytes = random.next() < 0.4 ? damaged(honest, random) : honest;
    return { reader: kind > 7 ? 1 : 2, bytes, write: (to: string) => writeFile(to, bytes) };
  };
  const run = async (seed: number): Promise<Outcome> => {
    const { reader, bytes, write } = drawn(seed);
    if (reader === 2) return outcomeOf(() => loadWeights(bytes!, "weights"));
    try {
      await write(path);
    } catch (error) {
      return refused(error);
    }
    return outcomeOf(() => (reader === 0 ? readCheckpoint(path, trainingRun) : openModel(path)));
  };
  return { run, save: (seed, to) => drawn(seed).write(to) };
};
