/** @file Models on the server that the page came from, by its `GET /api/models` and `POST /classify`. */

import type { Preprocessing } from "@subbyte/engine";
import type { CatalogModel } from "../catalog/types.js";
import { asImageData } from "./prepare.js";
import type { Answer, Runner, Subject } from "./runner.js";

/** What the page reads of the server's list. */
export interface ServerModel {
  readonly name: string;
  readonly preprocessing?: Preprocessing;
}

export type ServerModels = ReadonlyMap<string, ServerModel>;

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

interface Classified {
  readonly results: readonly {
    readonly top?: readonly { readonly index: number; readonly label?: string; readonly probability: number }[];
    readonly error?: { readonly message: string };
    readonly times?: { readonly compute: number };
  }[];
}

export async function serverRunner(model: CatalogModel): Promise<Runner> {
  const preprocessing = (await askServer())?.get(model.id)?.preprocessing;
  if (preprocessing === undefined) throw new Error(`the server has no model "${model.id}", or is not there any more`);
  return {
    preprocessing,
    classify: (subject, { signal } = {}) => classifyThere(model, preprocessing, subject, signal),
    dispose() {},
  };
}

async function classifyThere(
  model: CatalogModel,
  preprocessing: Preprocessing,
  subject: Subject,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  // The server refuses pictures of another size where a network takes one size only: it gets what the page has cut.
  const asFile = subject.file !== undefined && preprocessing.resize !== "exact";
  const body = new FormData();
  body.set("model", model.id);
  body.set("image", asFile ? subject.file! : await asPng(subject), "image");
  const begun = performance.now();
  const response = await fetch("classify", { method: "POST", body, ...(signal ? { signal } : {}) });
  const roundTripMs = performance.now() - begun;
  const answer = (await response.json()) as Classified & { readonly message?: string };
  const [result] = answer.results ?? [];
  if (!response.ok || result?.top === undefined)
    throw new Error(result?.error?.message ?? answer.message ?? `the server answered with status ${response.status}`);
  const top = result.top.map((each) => ({ ...each, label: each.label ?? `class ${each.index}` }));
  return { top, computeMs: result.times?.compute ?? roundTripMs, roundTripMs };
}

async function asPng({ prepared }: Subject): Promise<Blob> {
  const canvas = new OffscreenCanvas(prepared.width, prepared.height);
  canvas.getContext("2d")!.putImageData(asImageData(prepared), 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
