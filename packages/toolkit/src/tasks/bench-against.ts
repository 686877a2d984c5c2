/** @file The task `bench` of a model file beside others, in turn: how much faster is it than the float network, or at other bit widths? */

import type { TierName } from "@subbyte/engine";
import { writeOnnx } from "@subbyte/graph";
import {
  type Contestant,
  correlation,
  type ImageTime,
  median,
  medianRatio,
  ownContestant,
  planarFloats,
  processorTime,
  takeTurns,
} from "../bench/index.js";
import { normalize } from "../data/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { modelBytes, type OpenedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { createSession } from "../runtime/session.js";
import { createWebSession } from "../runtime/web-session.js";
import { requireOwnOptions } from "./bench-model.js";
import { type Conditions, conditions } from "./conditions.js";
import { openTaskModel } from "./model.js";
import { preprocessingOf } from "./preprocessing.js";
import type { Run } from "./run.js";

/** Times of one image of a file on one runtime. */
export interface FileTime extends ImageTime {
  readonly model: string;
  readonly bytes: number;
  readonly runtime: "engine" | "onnxruntime-web" | "onnxruntime-node";
  /** On the engine. */
  readonly tier?: TierName;
  /** How many times as fast the first file is: the median of the ratios within a turn. */
  readonly ratio: number;
  /** The ratio in processor time. */
  readonly cpuRatio: number;
  /** Correlation of the logits of one image with those of the first file; absent where the numbers of classes differ. */
  readonly correlation?: number;
}

/** Files timed in turn. */
export interface AgainstResult extends Conditions {
  readonly kind: "against";
  /** The model that the others are compared with is the first. */
  readonly times: readonly FileTime[];
  readonly threads: number;
}

/** How the image comes into a network: `[C, H, W]`, mean and deviation per channel. */
type Input = ReturnType<typeof preprocessingOf>;

interface Entry extends Pick<FileTime, "model" | "bytes" | "runtime"> {
  readonly contestant: Contestant;
}

/**
 * @param path  the model that the others are compared with
 * @throws {UsageError} where they take images of different sizes
 */
export async function benchAgainst(
  path: string,
  others: readonly string[],
  { turns, tier, threads = 1, profile }: TaskOptions<"bench">,
  run: Run,
): Promise<AgainstResult> {
  requireOwnOptions(path, run);
  if (profile)
    throw new UsageError(
      "option-conflict",
      { options: ["profile", "against"], file: path },
      "`profile` shows where the time of one file goes; leave `against` out.",
    );
  const before = conditions();
  const entries: Entry[] = [];
  let size: number | undefined; // of the first
  try {
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
      entries.push(...(await entriesOf(model, input, { tier, threads })));
    }
    run.phase("measuring", threads === 1 ? "1 thread" : `${threads} threads`);
    const image = Uint8Array.from({ length: size! }, (_, i) => (i * 151) % 256);
    const measured = await takeTurns(
      entries.map(({ contestant }) => contestant),
      [image],
      {
        turns,
        cpuTime: processorTime,
        signal: run.signal,
        onTurn: (done) => run.progress(done, turns, { unit: "turns" }),
      },
    );
    const [first] = measured;
    const times = entries.map(({ contestant, ...entry }, i): FileTime => {
      const { milliseconds, cpuMilliseconds, logits } = measured[i]!;
      return {
        ...entry,
        ...defined({ tier: contestant.tier }),
        milliseconds: median(milliseconds),
        fastestMilliseconds: Math.min(...milliseconds),
        cpuMilliseconds: median(cpuMilliseconds!),
        turns,
        ratio: medianRatio(first!.milliseconds, milliseconds),
        cpuRatio: medianRatio(first!.cpuMilliseconds!, cpuMilliseconds!),
        ...(logits.length === first!.logits.length ? { correlation: correlation(first!.logits, logits) } : {}),
      };
    });
    return { kind: "against", times, threads, ...before };
  } finally {
    for (const { contestant } of entries) await contestant.release();
  }
}

/** A `.sbq` on the engine, any other network on both builds of ONNX Runtime. */
async function entriesOf(
  model: OpenedModel,
  input: Input,
  { tier, threads }: { readonly tier: TierName | "auto"; readonly threads: number },
): Promise<readonly Entry[]> {
  const file = { model: model.path, bytes: modelBytes(model) };
  if (model.kind === "quantized")
    return [
      { ...file, runtime: "engine", contestant: await ownContestant(model.path, model.bytes, { tier, threads }) },
    ];
  const { executable } = model;
  const bytes = executable instanceof Uint8Array ? executable : writeOnnx(executable);
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

/** Bytes `[H, W, C]` to normalized floats `[C, H, W]`. */
function floatsOf({ channels, height, width, mean, std }: Input): (image: Uint8Array) => Float32Array {
  const pixels = height * width;
  if (channels === 3) return planarFloats({ pixels, mean, std });
  return (image) => normalize(image, { channels: 1, mean, std, pixels });
}
