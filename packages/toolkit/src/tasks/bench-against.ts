/**
 * @file The task `bench` with `against`: times model files in turn, to compare a network with its float form or other bit
 * widths.
 */

import type { TierName } from "@subbyte/engine";
import { simplifyForImport, writeOnnx } from "@subbyte/graph";
import {
  type Contestant,
  correlation,
  type Entry,
  floatPeers,
  type ImageTime,
  type Measured,
  median,
  medianRatio,
  ownContestant,
  planarFloats,
  processorTime,
  raceInBrowser,
  takeTurns,
} from "../bench/index.js";
import { normalize } from "../data/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { type CalibratedModel, type FloatModel, modelBytes, type OpenedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { createSession } from "../runtime/session.js";
import { createWebSession } from "../runtime/web-session.js";
import { requireOwnOptions } from "./bench-model.js";
import { type Conditions, conditions } from "./conditions.js";
import { openTaskModel } from "./model.js";
import { runtimesOfPage } from "./page-runtimes.js";
import { preprocessingOf } from "./preprocessing.js";
import type { Run } from "./run.js";

/** Times of one image of a file on one runtime. */
export interface FileTime extends ImageTime {
  readonly model: string;
  readonly bytes: number;
  readonly runtime: "engine" | PeerName;
  /** The tier, if it ran on the engine. */
  readonly tier?: TierName;
  /** How many times as fast as this file the first one is: the median of the ratios within a turn. */
  readonly ratio: number;
  /** The ratio in processor time. */
  readonly cpuRatio: number;
  /** Correlation of the logits of one image with those of the first file; absent if the numbers of classes differ. */
  readonly correlation?: number;
}

/** Another runtime, by the name of its project. */
export type PeerName = (typeof peerNames)[keyof typeof peerNames];

const peerNames = {
  "ort-web": "onnxruntime-web",
  "ort-node": "onnxruntime-node",
  litert: "LiteRT.js",
  tfjs: "tfjs-wasm",
} as const;

/** Files timed in turn. */
export interface AgainstResult extends Conditions {
  readonly kind: "against";
  /** The browser in which they ran, such as `"Chromium 140.0.7339.80"`; absent if they ran in Node. */
  readonly browser?: string;
  /** The first is the model with which the others are compared. */
  readonly times: readonly FileTime[];
  readonly threads: number;
}

/** How the image comes into a network: `[C, H, W]`, mean and deviation per channel. */
type Input = ReturnType<typeof preprocessingOf>;

/** An opened file and the form of its images. */
interface OpenedFile {
  readonly model: OpenedModel;
  readonly input: Input;
}

/** What ran, its times and, if it ran in a browser, the browser. */
interface Races {
  readonly raced: readonly (Pick<FileTime, "model" | "bytes" | "runtime"> & Omit<Measured, "name">)[];
  readonly browser?: string;
}

type Options = TaskOptions<"bench">;

/**
 * @param path the model with which the others are compared
 * @throws {UsageError} if they take images of different sizes
 */
export async function benchAgainst(
  path: string,
  others: readonly string[],
  options: Options,
  run: Run,
): Promise<AgainstResult> {
  requireOwnOptions(path, run, ["browser"]);
  const { profile, threads = 1 } = options;
  if (profile)
    throw new UsageError(
      "option-conflict",
      { options: ["profile", "against"], file: path },
      "`profile` shows where the time of one file goes; leave `against` out.",
    );
  const before = conditions();
  const files: OpenedFile[] = [];
  let size: number | undefined; // bytes of an image of the first model
  for (const file of [path, ...others]) {
    const model = await openTaskModel(file, {}, run);
    const input = preprocessingOf(model, {});
    const own = input.channels * input.height * input.width;
    size ??= own;
    if (size !== own)
      throw new UsageError(
        "option-value",
        { option: "against", value: file, expected: `images of ${size} bytes` },
        `${file} takes images of ${own} bytes and ${path} images of ${size}; only networks with images of one size can be compared.`,
      );
    files.push({ model, input });
  }
  const image = Uint8Array.from({ length: size! }, (_, i) => (i * 151) % 256);
  const { raced, browser } = await (options.browser ? raceInPage : raceInNode)(files, image, options, run);
  const [first] = raced;
  const times = raced.map(({ model, bytes, runtime, tier, milliseconds, cpuMilliseconds, logits }): FileTime => {
    return {
      ...{ model, bytes, runtime, ...defined({ tier }) },
      milliseconds: median(milliseconds),
      fastestMilliseconds: Math.min(...milliseconds),
      cpuMilliseconds: median(cpuMilliseconds!),
      turns: options.turns,
      ratio: medianRatio(first!.milliseconds, milliseconds),
      cpuRatio: medianRatio(first!.cpuMilliseconds!, cpuMilliseconds!),
      ...(logits.length === first!.logits.length ? { correlation: correlation(first!.logits, logits) } : {}),
    };
  });
  return { kind: "against", times, threads, ...defined({ browser }), ...before };
}

const turnOptions = ({ turns }: Options, run: Run) => ({
  turns,
  signal: run.signal,
  onTurn: (done: number) => run.progress(done, turns, { unit: "turns" }),
});

/** @throws {UsageError} if images are not squares of three channels, the only ones that the page converts */
async function raceInPage(files: readonly OpenedFile[], image: Uint8Array, options: Options, run: Run): Promise<Races> {
  const { tier, threads = 1 } = options;
  const runtimes = runtimesOfPage(run);
  const entries = files.flatMap(({ model, input }) => {
    if (input.channels !== 3 || input.height !== input.width)
      throw new UsageError(
        "option-conflict",
        { options: ["browser"], file: model.path },
        `\`browser\` compares networks for square images of three channels; ${model.path} takes ${input.channels} × ${input.height} × ${input.width}.`,
      );
    const own = (each: Entry) => ({ ...each, model: model.path, bytes: modelBytes(model) });
    if (model.kind === "quantized") return [own({ spec: { kind: "own", bits: 8, tier, threads }, file: model.bytes })];
    if (model.kind === "calibrated")
      return [own({ spec: { kind: "peer", runtime: "ort-web", precision: "int8", threads }, file: onnxOf(model) })];
    const graph = simplifyForImport(model.graph);
    const single = { ...graph, inputs: [{ ...graph.inputs[0]!, shape: [1, ...model.shape] }] };
    return floatPeers(single, runtimes, { threads, note: (text) => run.note(text) }).map(own);
  });
  const { height: size, mean, std } = files[0]!.input;
  const host = await raceInBrowser(options.browserFlag);
  try {
    run.phase("measuring", threads === 1 ? "1 thread" : `${threads} threads`);
    const race = { entries, images: [image], size, normalization: { mean, std } };
    const measured = await host.runRace(race, turnOptions(options, run));
    const runtimeOf = ({ spec }: Entry): FileTime["runtime"] =>
      spec.kind === "own" ? "engine" : peerNames[spec.runtime];
    const raced = entries.map((entry, i) => {
      const { model, bytes } = entry;
      return { ...measured[i]!, model, bytes, runtime: runtimeOf(entry) };
    });
    return { raced, browser: host.browser };
  } finally {
    await host.close();
  }
}

async function raceInNode(files: readonly OpenedFile[], image: Uint8Array, options: Options, run: Run): Promise<Races> {
  const { tier, threads = 1 } = options;
  const entries: NodeEntry[] = [];
  try {
    for (const file of files) entries.push(...(await entriesOf(file, { tier, threads })));
    run.phase("measuring", threads === 1 ? "1 thread" : `${threads} threads`);
    const measured = await takeTurns(
      entries.map(({ contestant }) => contestant),
      [image],
      { ...turnOptions(options, run), cpuTime: processorTime },
    );
    return { raced: entries.map(({ contestant: _, ...entry }, i) => ({ ...measured[i]!, ...entry })) };
  } finally {
    for (const { contestant } of entries) await contestant.release();
  }
}

interface NodeEntry extends Pick<FileTime, "model" | "bytes" | "runtime"> {
  readonly contestant: Contestant;
}

/** The contestants for a file: a `.sbq` runs on the engine, any other network on both builds of ONNX Runtime. */
async function entriesOf(
  { model, input }: OpenedFile,
  { tier, threads }: { readonly tier: TierName | "auto"; readonly threads: number },
): Promise<readonly NodeEntry[]> {
  const file = { model: model.path, bytes: modelBytes(model) };
  if (model.kind === "quantized")
    return [
      { ...file, runtime: "engine", contestant: await ownContestant(model.path, model.bytes, { tier, threads }) },
    ];
  const bytes = onnxOf(model);
  const shape = [1, input.channels, input.height, input.width];
  const web = await createWebSession(bytes, threads);
  const node = await createSession(bytes, { threads });
  const floats = floatsOf(input);
  return [
    {
      ...file,
      runtime: "onnxruntime-web",
      contestant: { name: model.path, run: (image) => web.run(floats(image), shape), release: () => web.release() },
    },
    {
      ...file,
      runtime: "onnxruntime-node",
      contestant: {
        name: model.path,
        run: async (image) => {
          const feed = { dtype: "float32", shape, data: floats(image) } as const;
          const results = await node.run({ [node.inputs[0]!]: feed }, [node.outputs[0]!]);
          return results[node.outputs[0]!]!.data as Float32Array;
        },
        release: () => node.release(),
      },
    },
  ];
}

const onnxOf = ({ executable }: FloatModel | CalibratedModel): Uint8Array =>
  executable instanceof Uint8Array ? executable : writeOnnx(executable);

/** Bytes `[H, W, C]` to normalized floats `[C, H, W]`. */
function floatsOf({ channels, height, width, mean, std }: Input): (image: Uint8Array) => Float32Array {
  const pixels = height * width;
  if (channels === 3) return planarFloats({ pixels, mean, std });
  return (image) => normalize(image, { channels: 1, mean, std, pixels });
}
