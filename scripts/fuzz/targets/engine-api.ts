import * as engine from "@subbyte/engine";
import { everyOperator } from "../../../packages/engine/test/networks.js";
import { Random } from "../../../packages/engine/test/programs.js";
import { type Outcome, outcomeOf, type Target } from "./target.js";

const program = (bits: number) => everyOperator(new Random(bits), { bits });

/** Values of every kind, created for each case so that one case cannot change another's. */
const strangers: readonly ((random: Random) => unknown)[] = [
  ...[undefined, null, true, false, "", "x", "simd", "\0", Symbol("s"), 7n, () => 1, /x/, new Map(), new Set([1])].map(
    (value) => () => value,
  ),
  ...[0, -0, 1, 2, 7, -1, 0.5, 255, 256, 65_536, 2 ** 24, 2 ** 31, 2 ** 32, 2 ** 53, 1e308].map((value) => () => value),
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-45].map((value) => () => value),
  () => ({}),
  () => [],
  () => [1, 2, 3],
  () => [[]],
  () => [undefined],
  () => new Date(0),
  () => new Error("x"),
  () => Object.create(null),
  () => new Proxy({}, {}),
  () => new AbortController().signal,
  () => AbortSignal.abort(),
  () => new ArrayBuffer(8),
  () => new SharedArrayBuffer(8),
  () => new DataView(new ArrayBuffer(8)),
  () => new Blob(["x"]),
  () => "http://127.0.0.1:1/x.sbq",
  () => new URL("file:///nowhere.sbq"),
  () => ({ data: new Uint8Array(3), width: 1, height: 1, channels: 3 }),
  () => ({ length: 5, 0: 1 }),
  () => ({ length: -1 }),
  (random) => random.bytes(192),
  (random) => random.bytes(random.integer(0, 400)),
  () => new Uint8Array(new SharedArrayBuffer(192)),
  () => detached(new Uint8Array(192)),
  () => new Uint8ClampedArray(192),
  () => new Int8Array(192),
  () => new Uint16Array(192),
  () => new Float32Array(192),
  () => new Float32Array(192).fill(Number.NaN),
  () => new Float64Array(192),
  () => new BigInt64Array(3),
  () => Buffer.alloc(192),
  (random) => engine.writeSbq(program(random.pick([2, 4, 8]))),
  (random) => program(random.pick([2, 4, 8])),
];

function detached(array: Uint8Array<ArrayBuffer>): Uint8Array {
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** A copy of a valid argument in which one or a few values, or the whole, are replaced. Typed arrays are leaves. */
function changed(value: unknown, random: Random): unknown {
  const root: Record<string, unknown> = { value: copied(value) };
  for (let changes = random.integer(0, 2); changes > 0; changes--) {
    let place = root;
    for (;;) {
      const key = random.pick(Object.keys(place));
      const next = place[key];
      if (isPlain(next) && Object.keys(next).length > 0 && random.next() < 0.8) {
        place = next as Record<string, unknown>;
        continue;
      }
      if (place !== root && random.next() < 0.15) {
        if (Array.isArray(place)) place.splice(Number(key), 1);
        else delete place[key];
      } else if (place !== root && random.next() < 0.1) place.extra = random.pick(strangers)(random);
      else place[key] = random.pick(strangers)(random);
      break;
    }
  }
  return root.value;
}

const isPlain = (value: unknown): value is object =>
  Array.isArray(value) ||
  (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype);

const copied = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copied);
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copied(each)]));
  return ArrayBuffer.isView(value) ? (value as Uint8Array).slice() : value;
};

/** A valid call of a function. */
type Call = (random: Random) => readonly [name: string, call: (...given: never[]) => unknown, ...honest: unknown[]];

const image = (random: Random, channels = 3) => ({ data: random.bytes(channels * 80), height: 8, width: 10, channels });

export default async (): Promise<Target> => {
  const files = [2, 4, 8].map((bits) => engine.writeSbq(program(bits)));
  const honestBytes = new Random(1).bytes(192);
  let model = await engine.load(files[1]!, { worker: false });
  const expected = await model.run(honestBytes);
  const executable = await engine.compile(program(4), { tier: "simd" });
  const reference = engine.createReference(program(4));

  const calls: readonly Call[] = [
    (random) => [
      "load",
      engine.load,
      random.pick(files),
      { tier: "simd", threads: 1, parallel: "tiles", worker: false, maxBytes: 2 ** 24 },
    ],
    (random) => [
      "inspect",
      engine.inspect,
      random.pick(files),
      { maxBytes: 2 ** 24, tier: "simd", threads: 2, parallel: "images" },
    ],
    (random) => ["readSbq", engine.readSbq, random.pick(files), { maxBytes: 2 ** 24 }],
    (random) => ["writeSbq", engine.writeSbq, program(random.pick([2, 4, 8]))],
    (random) => ["isSbq", engine.isSbq, random.pick(files)],
    (random) => ["compile", engine.compile, program(random.pick([2, 4, 8])), { tier: "simd", warmUp: true }],
    (random) => ["checkProgram", engine.checkProgram, program(random.pick([2, 4, 8])), { maxBytes: 2 ** 24 }],
    (random) => ["memoryRequirement", engine.memoryRequirement, program(random.pick([2, 4, 8]))],
    (random) => ["createReference", engine.createReference, program(random.pick([2, 4, 8])), { maxBytes: 2 ** 24 }],
    (random) => ["multiplyAdds", engine.multiplyAdds, program(random.pick([2, 4, 8]))],
    (random) => [
      "quantizeInput",
      engine.quantizeInput,
      program(8),
      Float32Array.from({ length: 192 }, () => random.next()),
    ],
    () => ["softmax", engine.softmax, Float32Array.of(1, 2, 3)],
    () => ["classProbabilities", engine.classProbabilities, Float32Array.of(1, 2, 3), "softmax"],
    () => ["rank", engine.rank, Float32Array.of(1, 2, 3), 2, { labels: ["a", "b", "c"], probabilities: "sigmoid" }],
    () => ["roundHalfToEven", engine.roundHalfToEven, 2.5],
    (random) => [
      "resizeBilinear",
      engine.resizeBilinear,
      image(random),
      5,
      6,
      { top: 1, left: 0, height: 2, width: 3 },
    ],
    () => ["centreCrop", engine.centreCrop, 9, 8, 4, 4],
    (random) => ["preprocess", engine.preprocess, image(random), program(8).preprocessing, "cover"],
    (random) => ["toChannels", engine.toChannels, image(random), 1],
    () => ["decodeImage", engine.decodeImage, new Blob(["x"])],
    (random) => ["pixelsOf", engine.pixelsOf, image(random)],
    (random) => ["run", model.run, random.bytes(192), { signal: new AbortController().signal }],
    (random) => ["classify", model.classify, image(random), { topK: 3, fit: "cover" }],
    (random) => ["classify", model.classify, [image(random), image(random, 4)], { topK: 3 }],
    (random) => ["executable.run", executable.run.bind(executable), random.bytes(384), new Float32Array(20)],
    (random) => ["executable.runCodes", executable.runCodes.bind(executable), random.bytes(192)],
    (random) => ["executable.profile", executable.profile.bind(executable), random.bytes(192), 2],
    (random) => ["reference.run", reference.run.bind(reference), random.bytes(192)],
    (random) => ["reference.runCodes", reference.runCodes.bind(reference), random.bytes(192)],
    () => ["profile", model.profile, 2],
  ];

  const run = async (seed: number): Promise<Outcome> => {
    const random = new Random(seed);
    const [name, call, ...honest] = random.pick(calls)(random);
    const given = honest.map((argument) => (random.next() < 0.7 ? changed(argument, random) : argument));
    if (random.next() < 0.05) given.pop();
    if (random.next() < 0.02) given.push(random.pick(strangers)(random));
    let made: unknown;
    const outcome = await outcomeOf(async () => {
      made = await (call as (...all: unknown[]) => unknown)(...given);
      // An array that was passed for the logits may be longer than they are, so its end is not checked.
      if (/^(reference|executable|run$|classify$)/.test(name) && !given.includes(made)) checkResult(made);
    }).catch((error: unknown): Outcome => {
      if (error instanceof DOMException && error.name === "AbortError") return "refused"; // as asked
      throw new Error(`${name}: ${(error as Error).stack}`, { cause: error });
    });
    if (made !== null && typeof made === "object" && "dispose" in made) (made as engine.Model).dispose();
    const now = await model.run(honestBytes);
    if (!now.every((value, i) => value === expected[i])) throw new Error(`${name} changed what the model answers`);
    if (random.next() < 0.01) {
      model.dispose();
      model = await engine.load(files[1]!, { worker: random.next() < 0.5, threads: random.integer(1, 2) });
    }
    return outcome;
  };
  return { run };
};

/** Checks that all numbers of a result are finite. */
function checkResult(result: unknown): void {
  if (result instanceof Float32Array || result instanceof Float64Array) {
    if (!result.every(Number.isFinite)) throw new Error(`gives ${[...result].slice(0, 10)}`);
  } else if (Array.isArray(result))
    for (const each of result.flat()) if (Number.isNaN(each?.probability)) throw new Error("gives NaN");
}
