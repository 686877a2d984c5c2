/** Starts the server that is measured, in a process of its own. */

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
    async stop() {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      const [status] = await exit;
      if (status !== 0) throw new Error(`the server ended with status ${status}`);
    },
  };
}
