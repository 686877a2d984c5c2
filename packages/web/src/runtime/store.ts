/**
 * @file Keeps model files in the browser (Cache API), under the hash of their content. A file that was fetched once is
 * available offline, and a new version of it gets its own entry.
 */

import type { CatalogModel } from "../catalog/types.js";
import type { DownloadState } from "./runner.js";

const cacheName = "subbyte-models";
/** The address under which an entry is stored; no server answers it. */
const keyOf = (sha256: string): string => new URL(`stored-model/${sha256}`, location.href).href;

/** Absent if the page did not come over HTTPS or from this machine. */
const opened = async (): Promise<Cache | undefined> => globalThis.caches?.open(cacheName);

export interface StoredModel {
  readonly sha256: string;
  readonly name: string;
  readonly bytes: number;
}

export interface FetchedModel {
  readonly bytes: Uint8Array;
  readonly cached: boolean;
  readonly milliseconds: number;
}

/**
 * @param again  asks the network although the file is stored, to measure a download
 * @throws {Error} if the file cannot be fetched or is not what the list says
 */
export async function fetchModel(
  model: CatalogModel,
  onProgress: (state: DownloadState) => void,
  { again = false, signal }: { readonly again?: boolean; readonly signal?: AbortSignal } = {},
): Promise<FetchedModel> {
  const begun = performance.now();
  const since = () => performance.now() - begun;
  if (model.file !== undefined)
    return { bytes: new Uint8Array(await model.file.arrayBuffer()), cached: true, milliseconds: since() };
  const cache = await opened();
  const stored = !again && model.sha256 !== undefined ? await cache?.match(keyOf(model.sha256)) : undefined;
  if (stored !== undefined)
    return { bytes: new Uint8Array(await stored.arrayBuffer()), cached: true, milliseconds: since() };
  const bytes = await download(model, onProgress, again, signal);
  const milliseconds = since();
  const sha256 = await sha256Of(bytes);
  if (model.sha256 !== undefined && sha256 !== undefined && sha256 !== model.sha256)
    throw new Error(`${model.url} is not the file that the list of models names; reload the page`);
  if (sha256 !== undefined) await cache?.put(keyOf(sha256), storedResponse(bytes, model.id)).catch(() => {});
  return { bytes, cached: false, milliseconds };
}

async function download(
  { url, bytes: expected }: CatalogModel,
  onProgress: (state: DownloadState) => void,
  again: boolean,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (url === undefined) throw new Error("only the server has this model; run it there");
  const response = await fetch(url, { cache: again ? "reload" : "default", ...(signal ? { signal } : {}) });
  if (!response.ok || response.body === null)
    throw new Error(`the model cannot be fetched: ${url} was answered with status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let loadedBytes = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    loadedBytes += value.length;
    onProgress({ loadedBytes, totalBytes: expected });
  }
  const all = new Uint8Array(loadedBytes);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

const storedResponse = (bytes: Uint8Array, name: string): Response =>
  new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: { "Content-Type": "application/octet-stream", "Content-Length": String(bytes.length), "X-Name": name },
  });

/** `undefined` if the browser has no cryptography: in pages that came over plain HTTP from another machine. */
export async function sha256Of(bytes: Uint8Array): Promise<string | undefined> {
  if (globalThis.crypto?.subtle === undefined) return undefined;
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function storedModels(): Promise<readonly StoredModel[]> {
  const cache = await opened();
  if (cache === undefined) return [];
  const models: StoredModel[] = [];
  for (const request of await cache.keys()) {
    const headers = (await cache.match(request))?.headers;
    models.push({
      sha256: request.url.replace(/^.*\//, ""),
      name: headers?.get("X-Name") ?? "model",
      bytes: Number(headers?.get("Content-Length") ?? 0),
    });
  }
  return models;
}

export async function deleteStored(sha256: string): Promise<void> {
  await (await opened())?.delete(keyOf(sha256));
}
