/**
 * @file Measures the latency of a network at all its bit widths, and of the float network in other runtimes: one race with one
 * thread, in which all take turns, on the files that the study made.
 */

import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import type { Preprocessing } from "@subbyte/engine";
import { type Graph, simplifyForImport } from "@subbyte/graph";
import {
  browserRuntimes,
  contestantName,
  type Entry,
  floatPeers,
  median,
  raceHere,
  raceInBrowser,
  smoothImages,
} from "../bench/index.js";
import { UsageError } from "../errors.js";
import type { PhaseEvent } from "../tasks/events.js";
import { openTaskModel } from "../tasks/model.js";
import { preprocessingOf } from "../tasks/preprocessing.js";
import type { TaskContext } from "../tasks/run.js";
import type { LatencySettings } from "./definition.js";
import { floatFile, quantizedFile } from "./network-files.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";
import type { MeasuredLatency, RunResult } from "./record.js";
import type { StudyFolder } from "./study-folder.js";

const IMAGES = 4;
/** Seed of the images for the race. They are smooth noise, because speed does not depend on the content of an image. */
const SEED = 0;

interface Contestant extends Entry {
  readonly name: string;
  readonly bits?: string;
}

interface FloatNetwork {
  /** The network that is timed. */
  readonly graph: Graph;
  readonly preprocessing: Preprocessing;
}

export async function measureLatency(
  { plan, folder, run }: { readonly plan: StudyPlan; readonly folder: StudyFolder; readonly run: PlannedRun },
  { signal, emit }: TaskContext,
): Promise<Omit<RunResult, "notes">> {
  const { browser, turns } = run.latency as LatencySettings;
  const [floatRun, ...quantizedRuns] = run.needs.map((index) => plan.runs[index]!);
  const say = (event: PhaseEvent) => emit?.(event);
  say({ type: "phase", phase: "measuring" });
  const float = await openFloat(floatFile({ plan, folder }, floatRun!), floatRun!);
  const note = (text: string) => emit?.({ type: "note", text });
  const own = await Promise.all(quantizedRuns.map((each) => ownEntry(quantizedFile({ plan, folder }, each), each)));
  const contestants = [...own, ...floatEntries(float, browser, note)];
  const { channels, height: size, mean, std } = float.preprocessing;
  const images = smoothImages(SEED, IMAGES, size).map((image) => (channels === 3 ? image : firstChannel(image)));
  const host = browser ? await raceInBrowser() : undefined;
  const loadBefore = loadavg()[0]!;
  try {
    const measured = await (host?.runRace ?? raceHere)(
      { entries: contestants, images, size, normalization: { mean, std } },
      {
        turns,
        ...(signal ? { signal } : {}),
        onTurn: (done) => emit?.({ type: "progress", phase: "measuring", done, total: turns, unit: "turns" }),
      },
    );
    return {
      latency: measured.map(({ milliseconds, cpuMilliseconds }, i): MeasuredLatency => {
        const { name, bits } = contestants[i]!;
        return {
          contestant: name,
          ...(bits === undefined ? {} : { bits }),
          milliseconds: median(milliseconds),
          fastestMilliseconds: Math.min(...milliseconds),
          ...(cpuMilliseconds ? { cpuMilliseconds: median(cpuMilliseconds) } : {}),
          turns,
        };
      }),
      conditions: { ...(host ? { browser: host.browser } : {}), threads: "1", "load before": loadBefore.toFixed(1) },
    };
  } finally {
    await host?.close();
  }
}

async function openFloat(path: string, { steps }: PlannedRun): Promise<FloatNetwork> {
  const { options } = steps.find(({ task }) => task === "evaluate")!;
  const model = await openTaskModel(path, options);
  if (model.kind !== "float")
    throw new UsageError(
      "wrong-model-kind",
      { file: path, expected: "float" },
      `${path} is quantized already; a study begins with float networks.`,
    );
  const graph = simplifyForImport(model.graph);
  const [input] = graph.inputs;
  return {
    graph: { ...graph, inputs: [{ ...input!, shape: [1, ...model.shape] }] },
    preprocessing: preprocessingOf(model, options),
  };
}

async function ownEntry(path: string, { bits }: PlannedRun): Promise<Contestant> {
  const spec = { kind: "own", bits: 8, tier: "auto", threads: 1 } as const;
  return { name: `own-${bits}`, bits: bits!, spec, file: await readFile(path) };
}

/** The float network in the runtimes that are available; a note names those that cannot run it. */
function floatEntries(
  { graph, preprocessing }: FloatNetwork,
  browser: boolean,
  note: (text: string) => void,
): readonly Contestant[] {
  // The conversion of images for the other runtimes needs three channels.
  if (preprocessing.channels !== 3) return [];
  const runtimes = browser ? browserRuntimes().installed : (["ort-web", "ort-node"] as const);
  return floatPeers(graph, runtimes, { threads: 1, note }).map((entry) => ({
    ...entry,
    name: contestantName(entry.spec),
  }));
}

const firstChannel = (image: Uint8Array): Uint8Array => image.filter((_, i) => i % 3 === 0);
