/** @file The only file that needs Node, chosen by the `node` condition of the package's `#platform` import. */

import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { arch, versions } from "node:process";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { parentPort, Worker } from "node:worker_threads";
import { workerFailed } from "../errors.js";
import type { Platform } from "../platform.js";

let wideVectors = false;

export const platform: Platform = {
  /** Node 20 has relaxed SIMD behind a flag; newer versions have it always, and would warn that the flag is unknown. */
  enableRelaxedSimd: () => setFlagsFromString("--experimental-wasm-relaxed-simd"),
  enableWideVectors() {
    if (arch !== "x64") return `processors of the kind ${arch} have no 256-bit vectors`;
    if (Number.parseInt(versions.node, 10) < 24) return `Node ${versions.node} lacks them; Node 24 and newer have them`;
    setFlagsFromString("--experimental-wasm-revectorize");
    wideVectors = true;
    return undefined;
  },
  get wideVectors() {
    return wideVectors;
  },
  decodeHex: (text) => Buffer.from(text, "hex"),
  prefersWorker: false,
  hardwareThreads: availableParallelism(),
  startWorker() {
    const worker = new Worker(new URL("../worker/worker.js", import.meta.url), { name: "subbyte" });
    worker.unref();
    return {
      post: (message, transfer = []) => worker.postMessage(message, transfer),
      listen: (receive) => void worker.on("message", receive),
      onFailure(failed) {
        worker.on("error", failed);
        worker.on("exit", (code) => failed(workerFailed(`the worker ended with code ${code}`)));
      },
      keepAlive: (alive) => (alive ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  },
  parent() {
    if (parentPort === null) throw new Error("this file is the engine's worker; import the package instead");
    const port = parentPort;
    return {
      post: (message, transfer = []) => port.postMessage(message, transfer),
      listen: (receive) => void port.on("message", receive),
    };
  },
  open(source, signal) {
    const url = typeof source === "string" && /^[a-z][a-z\d+.-]+:/i.test(source) ? new URL(source) : source;
    if (url instanceof URL && url.protocol !== "file:") return fetch(url, signal === undefined ? {} : { signal });
    return openFile(url instanceof URL ? fileURLToPath(url) : url);
  },
};

/** A file as a Response, so that its size is known before it is read. */
async function openFile(path: string): Promise<Response> {
  const { size } = await stat(path);
  return new Response(Readable.toWeb(createReadStream(path)), { headers: { "content-length": String(size) } });
}
