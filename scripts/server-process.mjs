/** The server that is measured, in a process of its own. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./provenance.mjs";

/** `subbyte serve` on a free port, and the memory that it takes. */
export async function serve(folder, workers, ...options) {
  const child = spawn(
    process.execPath,
    [
      "--import",
      new URL("collect-garbage.mjs", import.meta.url).href,
      join(root, "packages/cli/dist/main.js"),
      "serve",
      folder,
      "--port",
      "0",
      "--api-only",
      "--json",
      "--log-level",
      "warn",
      "--workers",
      String(workers),
      ...options,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  // One JSON object, over several lines.
  let text = "";
  for await (const line of createInterface(child.stdout)) {
    text += line;
    if (line === "}") break;
  }
  const { url, port } = JSON.parse(text);
  const residentBytes = () =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) * 1024;
  return {
    url,
    port,
    residentBytes,
    /** The least memory within two seconds of a garbage collection, under load. */
    async collectedBytes() {
      child.kill("SIGUSR2");
      let least = Number.POSITIVE_INFINITY;
      for (let look = 0; look < 40; look++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        least = Math.min(least, residentBytes());
      }
      return least;
    },
    async stop() {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      const [status] = await exit;
      if (status !== 0) throw new Error(`the server ended with status ${status}`);
    },
  };
}
