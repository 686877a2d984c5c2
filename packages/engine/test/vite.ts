/** @file A page that depends on the package, as Vite serves it in development and as Vite builds it. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build, createServer } from "vite";
import { read } from "./bundlers.js";
import type { Files, Site } from "./site.js";

const engine = join(import.meta.dirname, "..");
const common = { configFile: false, logLevel: "silent" } as const;

/** Vite bundles dependencies in advance in development, which may separate the engine from its worker's file. */
export async function serveByVite(files: Files): Promise<Site> {
  const root = project(files);
  const server = await createServer({ ...common, root, server: { port: 0, host: "127.0.0.1" } });
  await server.listen();
  return {
    origin: new URL(server.resolvedUrls!.local[0]!).origin,
    async close() {
      await server.close();
      rmSync(root, { recursive: true });
    },
  };
}

/** All files that a static server needs. */
export async function builtByVite(files: Files): Promise<Files> {
  const root = project(files);
  await build({ ...common, root });
  const result = read(join(root, "dist"));
  rmSync(root, { recursive: true });
  return result;
}

/** A folder with the package as npm installs it: a copy, not a link as in this repository. */
function project(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), "subbyte-vite-"));
  const installed = join(root, "node_modules/@subbyte/engine");
  for (const part of ["package.json", "dist"]) cpSync(join(engine, part), join(installed, part), { recursive: true });
  const manifest = JSON.stringify({ type: "module", dependencies: { "@subbyte/engine": "*" } });
  for (const [path, content] of [...files, ["package.json", manifest] as const]) {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
  }
  return root;
}
