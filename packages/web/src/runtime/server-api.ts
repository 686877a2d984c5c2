/** @file The server that the page came from: its list of models, and its answers. */

import type { Prediction, Preprocessing } from "@subbyte/engine";

/** The fields of a model in `GET /api/models` that the page reads. */
export interface ServerModel {
  readonly name: string;
  readonly kind: "sbq" | "onnx";
  /** Bit width of most weights; 32 for float. */
  readonly bits: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly url: string;
  readonly classes: number | null;
  readonly labels: readonly string[] | null;
  readonly preprocessing: Preprocessing | null;
  readonly accuracy: Readonly<Record<string, number>> | null;
  readonly peakBytes: number | null;
}

export type ServerModels = ReadonlyMap<string, ServerModel>;

/** @returns `undefined` if the page came from a plain file server */
export async function askServer(): Promise<ServerModels | undefined> {
  try {
    const response = await fetch("api/models", { headers: { Accept: "application/json" } });
    if (!response.ok || !response.headers.get("content-type")?.includes("json")) return undefined;
    const { models } = (await response.json()) as { readonly models: readonly ServerModel[] };
    return new Map(models.map((model) => [model.name, model]));
  } catch {
    return undefined;
  }
}

interface ServerError {
  readonly message: string;
  readonly action?: string;
}

interface ServerAnswer {
  readonly compute_time: number;
  readonly logits: readonly number[];
  readonly top_k: readonly { readonly index: number; readonly label: string | null; readonly confidence: number }[];
  readonly error?: ServerError;
}

export interface ServerPrediction {
  /** The likeliest classes, best first. */
  readonly top: readonly Prediction[];
  readonly logits: Float32Array;
  readonly computeMs: number;
}

/**
 * One image through `POST /classify`.
 * @throws {Error} with the server's message
 */
export async function classifyOnServer(
  model: string,
  image: Blob,
  topK: number,
  signal?: AbortSignal,
): Promise<ServerPrediction> {
  const body = new FormData();
  body.set("model", model);
  body.set("top_k", String(topK));
  body.set("logits", "true");
  body.set("images", image, "image");
  const response = await patiently(() => fetch("classify", { method: "POST", body, ...(signal ? { signal } : {}) }));
  const answer = (await response.json().catch(() => undefined)) as readonly ServerAnswer[] | ServerError | undefined;
  if (!response.ok || !Array.isArray(answer)) throw new Error(words(answer as ServerError) ?? statusWords(response));
  const [result] = answer as readonly ServerAnswer[];
  if (result === undefined || result.error !== undefined)
    throw new Error(words(result?.error) ?? statusWords(response));
  return {
    top: result.top_k.map(({ index, label, confidence }) => ({
      index,
      label: label ?? `class ${index}`,
      probability: confidence,
    })),
    logits: Float32Array.from(result.logits),
    computeMs: result.compute_time,
  };
}

/** Number of times that a busy server is asked again. */
const RETRIES = 5;

/** Asks again after the time that an overloaded server names. */
async function patiently(ask: () => Promise<Response>): Promise<Response> {
  for (let tries = 0; ; tries++) {
    const response = await ask();
    const seconds = Number(response.headers.get("retry-after"));
    if (response.status !== 429 || tries === RETRIES || !(seconds > 0)) return response;
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

const words = (error: ServerError | undefined): string | undefined =>
  error?.message === undefined ? undefined : [error.message, error.action].filter(Boolean).join(" ");

const statusWords = ({ status }: Response): string => `the server answered with status ${status}`;
