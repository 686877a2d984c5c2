/**
 * @file Training steps of PyTorch, for comparison: a Python process that builds the same network and takes a step on request.
 */

import { execFile, spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Graph, toNumbers } from "@subbyte/graph";
import { FailedRunError } from "../errors.js";
import { codeRange, fakeQuant, isFakeQuant } from "../quantization/fake-quant.js";
import { treatedParameters } from "../training/parameters.js";
import { CLASSES, type TrainedNetwork } from "./training-networks.js";
import type { TrainingContestant } from "./training-turns.js";

const SCRIPT = fileURLToPath(new URL("../../python/training-step.py", import.meta.url));
/** Candidates in order; the first with PyTorch is used. In an active virtual environment, `python3` is that environment's. */
const PYTHONS = ["python3", "python", "/usr/bin/python3"];

/** A Python that can import PyTorch, and its version; undefined if there is none. */
export async function findPytorch(): Promise<{ readonly python: string; readonly version: string } | undefined> {
  for (const python of PYTHONS) {
    try {
      const { stdout } = await promisify(execFile)(python, ["-c", "import torch; print(torch.__version__)"]);
      return { python, version: stdout.trim() };
    } catch {
      // This Python has no PyTorch.
    }
  }
  return undefined;
}

/** @throws {FailedRunError} if PyTorch cannot build the network */
export async function openPytorch(
  name: string,
  network: TrainedNetwork,
  { python, threads, seed }: { readonly python: string; readonly threads: number; readonly seed: number },
): Promise<TrainingContestant> {
  const path = join(tmpdir(), `subbyte-training-step-${process.pid}-${name.replaceAll(/\W/g, "-")}.json`);
  await writeFile(path, JSON.stringify({ ...description(network), threads, seed }));
  const child = spawn(python, [SCRIPT, path], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text;
  });
  child.stdin.on("error", () => {}); // If the process has ended, its output ends, too; `line` reports that.
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (!done) return value;
    throw new FailedRunError(
      "peer-failed",
      { package: "torch", reason: said },
      `PyTorch ended: ${said.trim().split("\n").at(-1) || "it said nothing"}`,
    );
  };
  await line();
  await rm(path);
  return {
    name,
    step: async () => {
      child.stdin.write("step\n");
      const [milliseconds, cpuMilliseconds] = (await line()).split(" ").map(Number) as [number, number];
      return { milliseconds, cpuMilliseconds };
    },
    release: async () => {
      child.stdin.end();
      child.kill();
    },
  };
}

/** The network as JSON for the script, without weights: the script draws its own. */
function description({ graph, step }: TrainedNetwork) {
  const [input] = graph.inputs;
  const parameters = treatedParameters(graph, step.weightDecay ?? 0, step.parameters);
  const learned = new Map(parameters.map((each) => [each.name, each.weightDecay]));
  const quantizers = new Set(graph.nodes.filter(isFakeQuant).flatMap(({ inputs }) => inputs.slice(1)));
  const tensors = [...graph.tensors].map(([name, tensor]) => {
    const { dtype, shape } = tensor;
    const drawn = learned.has(name) && shape.length >= 2;
    return [name, { dtype, shape, ...(drawn && !quantizers.has(name) ? {} : { values: [...toNumbers(tensor)] }) }];
  });
  return {
    input: input!.name,
    output: graph.outputs[0]!,
    shape: [step.batchSize, ...input!.shape!.slice(1)],
    classes: CLASSES,
    nodes: graph.nodes.map((node) => ({
      op: node.op,
      inputs: node.inputs,
      output: node.outputs[0]!,
      attributes: isFakeQuant(node) ? gridOf(graph, node) : node.attributes,
    })),
    tensors: Object.fromEntries(tensors),
    parameters: Object.fromEntries(learned),
  };
}

function gridOf(graph: Graph, node: Graph["nodes"][number]) {
  const { min, max } = codeRange(fakeQuant(graph, node));
  return { ...node.attributes, qmin: min, qmax: max };
}
