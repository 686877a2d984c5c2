/** @file The float network as a teacher: its logits for each batch. */

import { createHash } from "node:crypto";
import { expandForInference, type Graph, type Tensor, writeOnnx } from "@subbyte/graph";
import { createSession, type SessionOptions } from "../../runtime/session.js";

export interface Teacher {
  readonly logits: (images: Tensor) => Promise<Tensor>;
  /** Identifies the network. */
  readonly hash: string;
  release(): Promise<void>;
}

export async function createTeacher(graph: Graph, options: SessionOptions): Promise<Teacher> {
  const model = writeOnnx(expandForInference(graph));
  const session = await createSession(model, options);
  const [input, output] = [session.inputs[0]!, session.outputs[0]!];
  return {
    logits: async (images) => (await session.run({ [input]: images }, [output]))[output]!,
    hash: createHash("sha256").update(model).digest("hex").slice(0, 16),
    release: () => session.release(),
  };
}
