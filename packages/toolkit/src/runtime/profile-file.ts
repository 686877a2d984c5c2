/** @file Reads the file of ONNX Runtime's profiler, which has one event per node and run. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A node of the graph that ONNX Runtime made from the model. It has the name of a node of the model, or of a fusion. */
export interface NodeTime {
  readonly name: string;
  readonly op: string;
  /** Milliseconds, one entry per run. */
  readonly milliseconds: readonly number[];
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Duration in microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const SUFFIX = "_kernel_time";

export class ProfileFile {
  private constructor(private readonly folder: string) {}

  static async create(): Promise<ProfileFile> {
    return new ProfileFile(await mkdtemp(join(tmpdir(), "subbyte-profile-")));
  }

  get options() {
    return { enableProfiling: true, profileFilePrefix: join(this.folder, "profile") } as const;
  }

  /** Reads the file, which the session has finished, and removes it. */
  async nodeTimes(): Promise<readonly NodeTime[]> {
    const [name] = await readdir(this.folder);
    const events: readonly ProfileEvent[] = JSON.parse(await readFile(join(this.folder, name!), "utf8"));
    await rm(this.folder, { recursive: true });
    const nodes = new Map<string, { op: string; milliseconds: number[] }>();
    for (const { cat, name: event, dur, args } of events) {
      if (cat !== "Node" || !event.endsWith(SUFFIX)) continue;
      const node = event.slice(0, -SUFFIX.length);
      const entry = nodes.get(node) ?? { op: args?.op_name ?? "", milliseconds: [] };
      entry.milliseconds.push(dur / 1000);
      nodes.set(node, entry);
    }
    return [...nodes].map(([node, entry]) => ({ name: node, ...entry }));
  }
}
