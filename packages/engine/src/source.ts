/** @file Sources of a model's bytes: memory, or a stream that reports its progress. */

import { platform } from "#platform";
import { wrongArgument } from "./arguments.js";
import { LoadError } from "./errors.js";

/**
 * The source of a `.sbq` file: its bytes, a `File` or `Blob`, its address (a URL; in Node also a path), or the response to a
 * request for it.
 */
export type ModelSource = Uint8Array | ArrayBuffer | Blob | string | URL | Response;

/** How much of a file has arrived. */
export interface DownloadProgress {
  readonly loadedBytes: number;
  /** Absent if the server does not send the size. */
  readonly totalBytes?: number;
}

export interface DownloadOptions {
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** @throws {LoadError} if the file cannot be fetched or is larger than `maxBytes`; the signal's reason if it fires. */
export async function readSource(source: ModelSource, options: DownloadOptions): Promise<Uint8Array> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Response) return readResponse(source, source.url, options);
  if (source instanceof Blob) {
    const name = "name" in source ? String(source.name) : "the file";
    const headers = { "content-length": String(source.size) };
    return readResponse(new Response(source.stream(), { headers }), name, options);
  }
  if (!(source instanceof URL) && typeof source !== "string")
    throw wrongArgument("the model", source, "bytes, a File, a Blob, a Response, a URL or an address");
  try {
    return await readResponse(await platform.open(source, signal), String(source), options);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof LoadError) throw cause;
    throw new LoadError(
      "fetch-failed",
      { source: String(source) },
      `${source}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

async function readResponse(response: Response, address: string, options: DownloadOptions): Promise<Uint8Array> {
  const { maxBytes, signal, onProgress } = options;
  const name = address || "the response";
  if (!response.ok || response.body === null)
    throw new LoadError(
      "fetch-failed",
      { source: address, status: response.status },
      `${name} was answered with status ${response.status} ${response.statusText}`.trim(),
    );
  const totalBytes = declaredLength(response);
  const tooLarge = (bytes: number) =>
    new LoadError(
      "download-too-large",
      { source: address, found: bytes, limit: maxBytes },
      `${name} has ${bytes} bytes or more, beyond the limit of ${maxBytes}; raise maxBytes`,
    );
  if (totalBytes !== undefined && totalBytes > maxBytes) throw tooLarge(totalBytes);
  const chunks: Uint8Array[] = [];
  let loadedBytes = 0;
  const reader = response.body.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", stop);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) break;
      chunks.push(value);
      loadedBytes += value.length;
      if (loadedBytes > maxBytes) throw tooLarge(loadedBytes);
      onProgress?.({ loadedBytes, ...(totalBytes === undefined ? {} : { totalBytes }) });
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    void reader.cancel().catch(() => {});
  }
  return join(chunks, loadedBytes);
}

/** The length of an uncompressed body; undefined for a compressed one, whose header counts other bytes. */
function declaredLength({ headers }: Response): number | undefined {
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") ? undefined : Number(length);
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
