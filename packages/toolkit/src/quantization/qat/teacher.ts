/** @file The float network as a teacher: its logits for each batch. */

import { createHash } from "node:crypto";
import { expandForInference, type Graph, type Tensor, writeOnnx } from "@subbyte/graph";
import { createSession, type SessionOptions } from "../../runtime/session.js";

export interface Teacher {
  readonly network: Graph;
  /** The logits `[N, classes]` of normalized images `[N, C, H, W]`. */
  readonly logits: (images: Tensor) => Promise<Tensor>;
  /** Identifies the network: the first 16 hexadecimal digits of its file's SHA-256. */
  readonly hash: string;
  release(): Promise<void>;
}

export async function createTeacher(network: Graph, options: SessionOptions): Promise<Teacher> {
  const model = writeOnnx(expandForInference(network));
  const session = await createSession(model, options);
  const [input, output] = [session.inputs[0]!, session.outputs[0]!];
  return {
    network,
    logits: async (images) => (await session.run({ [input]: images }, [output]))[output]!,
    hash: createHash("sha256").update(model).digest("hex").slice(0, 16),
    release: () => session.release(),
  };
}
