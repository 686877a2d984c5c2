/** @file Runs graphs on ONNX Runtime. Only this folder imports it. */

import { availableParallelism } from "node:os";
import type { Graph, Tensor } from "@subbyte/graph";
import { ModelError, writeOnnx } from "@subbyte/graph";
import type * as Ort from "onnxruntime-node";
import { MachineError } from "../errors.js";
import { onnxruntime } from "./onnxruntime.js";
import { type NodeTime, ProfileFile } from "./profile-file.js";
import type { RuntimeOptions } from "./runtime-options.js";
import { fromOrt, toOrt, toOrtOutput } from "./values.js";

/** How ONNX Runtime runs a model. */
export interface SessionOptions extends RuntimeOptions {
  /** How far ONNX Runtime may rewrite the graph; `"all"` by default, `"disabled"` runs every node unchanged. */
  readonly optimization?: "disabled" | "basic" | "extended" | "all";
  /**
   * Runs QuantizeLinear and DequantizeLinear as separate nodes. Otherwise ONNX Runtime fuses them into integer kernels, whose
   * sums of 8×8-bit products saturate on CPUs without VNNI.
   */
  readonly disableQuantQdq?: boolean;
  /** Records the time of each node, for `Session.profile`. */
  readonly profiled?: boolean;
}

/** A loaded model. Inputs and outputs have names. */
export interface Session {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Computes `outputs` (all by default) from `feeds`. Fed arrays are read in place and must not change until the promise
   * resolves. Results are written to new arrays; outputs in `into` are written to the arrays there, none of which may be fed.
   * With `into`, large results need not take new pages of memory every time.
   *
   * @throws {ModelError} if a feed is missing or does not fit, or an operator fails
   * @throws {MachineError} if memory runs out
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    outputs?: readonly string[],
    into?: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, Tensor>>;
  /** The time of each node in each run so far, if the session is `profiled`. Can be called once. */
  profile(): Promise<readonly NodeTime[]>;
  /** Frees the model's memory; the session cannot run afterwards. */
  release(): Promise<void>;
}

/**
 * Loads a graph, or the bytes of an ONNX file.
 *
 * @throws {ModelError} if ONNX Runtime refuses the model
 * @throws {MachineError} if memory runs out
 */
export async function createSession(model: Graph | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const name = model instanceof Uint8Array ? "ONNX model" : model.name;
  const bytes = model instanceof Uint8Array ? model : writeOnnx(model);
  const ort = await onnxruntime();
  const profiled = options.profiled ? await ProfileFile.create() : undefined;
  const session = await translated(`"${name}" cannot be loaded`, () =>
    ort.InferenceSession.create(bytes, { ...ortOptions(options), ...profiled?.options }),
  );
  return {
    name,
    inputs: session.inputNames,
    outputs: session.outputNames,
    run: async (feeds, outputs = session.outputNames, into = {}) => {
      const values: Record<string, Ort.Tensor> = {};
      for (const [input, tensor] of Object.entries(feeds)) values[input] = toOrt(ort, input, tensor);
      const fetches: Record<string, Ort.Tensor | null> = {};
      for (const output of outputs) fetches[output] = into[output] ? toOrtOutput(ort, output, into[output]) : null;
      const results = await translated(`"${name}" cannot run`, () => session.run(values, fetches));
      return Object.fromEntries(outputs.map((output) => [output, into[output] ?? fromOrt(output, results[output]!)]));
    },
    profile: async () => {
      session.endProfiling();
      return profiled ? profiled.nodeTimes() : [];
    },
    release: () => session.release(),
  };
}

function ortOptions(options: SessionOptions): Ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [...new Set([options.device ?? "cpu", "cpu"])],
    intraOpNumThreads: options.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    graphOptimizationLevel: options.optimization ?? "all",
    logSeverityLevel: 4, // Failures come back as errors; ONNX Runtime would print them on stderr as well.
    extra: {
      session: {
        // Waiting threads sleep instead of spinning: decoding and other work share the cores, and under load two spinning
        // threads were slower than one.
        intra_op: { allow_spinning: "0" },
        ...(options.disableQuantQdq ? { disable_quant_qdq: "1" } : {}),
      },
    },
  };
}

/** Runs `action`, and turns ONNX Runtime's failures into errors of one paragraph. */
async function translated<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
    if (/bad_alloc|failed to allocate|out of memory|allocation fail/i.test(text)) {
      throw new MachineError(
        "out-of-memory",
        { reason: text },
        `${what}: memory ran out. Use a smaller batch. (ONNX Runtime: ${text})`,
        { cause: error },
      );
    }
    throw new ModelError("runtime-refused", { place: what, reason: text }, `${what}: ONNX Runtime says: ${text}`, {
      cause: error,
    });
  }
}
