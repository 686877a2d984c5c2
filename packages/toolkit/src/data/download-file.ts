/**
 * @file Fetches one large file over HTTP so that nothing is lost if the connection or the disk fails, or if the user stops it.
 * Bytes go to `<path>.part`, which a later attempt continues by a range request (RFC 9110 §14). Only a file with the right
 * checksum gets its name.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DataError, InterruptedError, MachineError } from "../errors.js";
import { isDiskFull } from "../files.js";

export interface RemoteFile {
  readonly url: string;
  /** Hexadecimal MD5 as published. It guards against damage, not against a hostile server. */
  readonly md5: string;
}

/** Bytes so far, and of the whole file. */
export interface DownloadProgress {
  readonly bytes: number;
  /** Size of the whole file; undefined if the server does not send it. */
  readonly of: number | undefined;
}

/** Options of `download`. */
export interface DownloadOptions {
  /** Called as bytes arrive. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** Consecutive attempts without a byte before giving up; 5 by default. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, doubled each time; 1,000 by default. */
  readonly retryDelayMs?: number;
  /** Milliseconds of silence after which a connection counts as cut; 30,000 by default. */
  readonly silenceMs?: number;
}

/** Whether the server answered in a way that another attempt would not change. */
const isRefusal = (error: unknown) => error instanceof MachineError && error.code === "download-refused";

/**
 * Fetches `remote` to `path`, continuing an earlier attempt. Does nothing if the file is there with the right checksum.
 *
 * @throws {DataError} if the checksum is wrong; the fetched part is then removed.
 * @throws {MachineError} if the network or the disk fails; the fetched part is kept for the next attempt.
 * @throws {InterruptedError} if `signal` fires; the fetched part is kept.
 */
export async function downloadFile(remote: RemoteFile, path: string, options: DownloadOptions = {}): Promise<void> {
  if (await isComplete(path, remote)) return;
  const part = `${path}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await fetchWithRetries(remote.url, part, options);
    await verify(part, remote);
    await rename(part, path);
  } catch (error) {
    if (options.signal?.aborted)
      throw new InterruptedError(
        "interrupted",
        { source: remote.url },
        `the download of ${remote.url} was interrupted; the same command continues it`,
        {
          cause: error,
        },
      );
    throw isSystemError(error) ? diskError(part, error) : error;
  }
}

async function isComplete(path: string, { md5 }: RemoteFile): Promise<boolean> {
  if ((await sizeOf(path)) === undefined) return false;
  if ((await md5Of(path)) === md5) return true;
  throw new DataError(
    "checksum-mismatch",
    { file: path, expected: md5 },
    `"${path}" exists, but its checksum is not that of the published file: it is damaged or something else. Move or remove it, ` +
      "then download again.",
  );
}

async function fetchWithRetries(url: string, part: string, options: DownloadOptions): Promise<void> {
  const { attempts = 5, retryDelayMs = 1000, signal } = options;
  for (let failures = 0; ; ) {
    const before = (await sizeOf(part)) ?? 0;
    try {
      await fetchRest(url, part, options);
      return;
    } catch (error) {
      if (signal?.aborted || isRefusal(error) || isSystemError(error)) throw error;
      const progressed = ((await sizeOf(part)) ?? 0) > before;
      failures = progressed ? 1 : failures + 1;
      if (failures >= attempts)
        throw new MachineError(
          "download-failed",
          { source: url, reason: reasonOf(error) },
          `${url} could not be fetched: ${reasonOf(error)} (${failures} attempts in a row failed). Check the network ` +
            "connection and try again; what was fetched so far is kept.",
          { cause: error },
        );
      await sleep(retryDelayMs * 2 ** (failures - 1), undefined, signal === undefined ? {} : { signal });
    }
  }
}

/**
 * Requests the bytes that `part` lacks, and appends them to it.
 *
 * @throws if the connection ends before all bytes have arrived
 */
async function fetchRest(url: string, part: string, options: DownloadOptions): Promise<void> {
  const { silenceMs = 30_000, onProgress } = options;
  const have = (await sizeOf(part)) ?? 0;
  const silence = new AbortController();
  const signals = [silence.signal, ...(options.signal === undefined ? [] : [options.signal])];
  const timer = setTimeout(
    () => silence.abort(new Error(`the server was silent for ${silenceMs / 1000} s`)),
    silenceMs,
  );
  try {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (have > 0) headers.range = `bytes=${have}-`;
    const response = await fetch(url, { headers, signal: AbortSignal.any(signals) });
    if (response.status === 416) {
      await response.body?.cancel();
      // Nothing is left to send: either all is there, or `part` belongs to another file.
      if (totalOf(response) === have) return;
      await rm(part, { force: true });
      throw new Error("the server's file is shorter than what an earlier attempt fetched");
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      const refused = response.status >= 400 && response.status < 500 && ![408, 429].includes(response.status);
      const message =
        `${url} could not be fetched: the server answered ${response.status} ${response.statusText}`.trim();
      if (refused)
        throw new MachineError(
          "download-refused",
          { source: url, status: response.status },
          `${message}. The file may have moved; fetch it by hand, or name a mirror.`,
        );
      throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
    }
    const start = response.status === 206 ? rangeStart(response, have) : 0; // 200: the server sends everything
    const of = totalOf(response);
    let bytes = start;
    const file = await open(part, start > 0 ? "r+" : "w");
    try {
      for await (const chunk of response.body) {
        timer.refresh();
        await writeAll(file, chunk, bytes);
        bytes += chunk.length;
        onProgress?.({ bytes, of });
      }
      await file.sync().catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EINVAL") throw error; // a device or pipe cannot be synced
      });
    } finally {
      await file.close();
    }
    if (of !== undefined && bytes < of) throw new Error(`the connection ended after ${bytes} of ${of} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.length; )
    at += (await file.write(chunk, at, chunk.length - at, position + at)).bytesWritten;
}

/** The position in the file at which the response begins. */
function rangeStart(response: Response, asked: number): number {
  const start = Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1]);
  if (start !== asked) throw new Error(`the server sent the range from ${start}, not from ${asked}`);
  return start;
}

/** Size of the whole file, from Content-Range ("bytes 5-9/10") or Content-Length. */
function totalOf(response: Response): number | undefined {
  const range = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (range !== undefined) return Number(range);
  const length = response.headers.get("content-length");
  return response.status === 200 && length !== null ? Number(length) : undefined;
}

async function verify(part: string, { url, md5 }: RemoteFile): Promise<void> {
  const found = await md5Of(part);
  if (found === md5) return;
  await rm(part, { force: true });
  throw new DataError(
    "checksum-mismatch",
    { file: part, source: url, found, expected: md5 },
    `what ${url} sent is not the published file: MD5 ${found}, expected ${md5}. It was removed; download again, and if that ` +
      "does not help, the file on the server has changed.",
  );
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash("md5");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/**
 * Whether an error comes from the file system. Network errors have no `path`, or arrive as the `cause` of fetch's TypeError.
 */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  const { syscall, code } = error as NodeJS.ErrnoException;
  return (
    error instanceof Error &&
    code !== undefined &&
    /^(open|write|fsync|rename|mkdir|unlink|rm|read)$/.test(syscall ?? "")
  );
}

function diskError(part: string, error: NodeJS.ErrnoException): MachineError {
  const full = isDiskFull(error);
  const reason = full ? "the disk is full; free some space" : error.message;
  return new MachineError(
    full ? "disk-full" : "write-failed",
    { file: part, reason },
    `"${part}" could not be written: ${reason}, or choose another folder. What was fetched so far is kept, and the same command ` +
      "continues it.",
    { cause: error },
  );
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
