/**
 * @file Builds a page that depends on the packed package with common bundlers, each by its own command line.
 *
 * The bundlers are no dependencies of the repository: `npm ci` would install hundreds of megabytes more for a test that few
 * people run. The test installs them in exact versions, after the first time from npm's own cache.
 */

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { Files } from "./site.js";

const engine = join(import.meta.dirname, "..");
const page = readFileSync(join(import.meta.dirname, "page.js"));

export interface Bundler {
  /** Packages to install besides the engine. */
  readonly packages: readonly string[];
  /** Source files of the page, by path. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** A command in `node_modules/.bin` with its arguments. */
  readonly build: readonly string[];
  /** The folder with what a static server needs. */
  readonly output: string;
  /** Files to add to the output folder before it is served, by path. */
  readonly added?: Readonly<Record<string, string>>;
  /** It writes scripts into the page itself, which a site's security policy must allow. */
  readonly inlineScripts?: true;
}

const html = (script: string) => `<!doctype html><title>page</title>${script}`;

const next = {
  packages: ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"],
  files: {
    "next.config.mjs": 'export default { output: "export" };',
    "app/layout.jsx":
      "export default function Layout({ children }) { return <html lang='en'><body>{children}</body></html>; }",
    "app/page.jsx": `"use client";
      import { useEffect } from "react";
      export default function Page() { useEffect(() => void import("./run.js"), []); return <p>page</p>; }`,
    "app/run.js": page,
  },
  output: "out",
  inlineScripts: true,
} as const;

export const bundlers: Readonly<Record<string, Bundler>> = {
  "webpack 5": {
    packages: ["webpack@5.113.0", "webpack-cli@7.3.1"],
    files: { "page.js": page },
    build: ["webpack", "--mode", "production", "--entry", "./page.js", "--output-path", "built"],
    output: "built",
    added: { "index.html": html('<script defer src="main.js"></script>') },
  },
  "Parcel 2": {
    packages: ["parcel@2.16.4"],
    files: { "index.html": html('<script type="module" src="page.js"></script>'), "page.js": page },
    build: ["parcel", "build", "index.html", "--dist-dir", "built", "--no-source-maps", "--no-cache"],
    output: "built",
    inlineScripts: true,
  },
  esbuild: {
    packages: ["esbuild@0.28.2"],
    files: { "page.js": page },
    build: [
      "esbuild",
      "page=page.js",
      // The worker as an entry of its own, as the README says.
      "worker=@subbyte/engine/worker",
      "--bundle",
      "--splitting",
      "--format=esm",
      "--outdir=built",
    ],
    output: "built",
    added: { "index.html": html('<script type="module" src="page.js"></script>') },
  },
  "Vite 8": {
    packages: ["vite@8.3.8"],
    files: { "index.html": html('<script type="module" src="/page.js"></script>'), "page.js": page },
    build: ["vite", "build", "--outDir", "built"],
    output: "built",
  },
  "Next.js 16, Turbopack": { ...next, build: ["next", "build", "--turbopack"] },
  "Next.js 16, webpack": { ...next, build: ["next", "build", "--webpack"] },
};

/** The packages could not be installed: no registry, or one without them. */
export class NotInstalled extends Error {}

/** Time limit in ms: a build that never ended was a fault once. */
const longestRun = 10 * 60_000;

/**
 * Installs, builds, and returns all files that a static server needs, by path.
 * @throws {NotInstalled} if the packages cannot be installed
 */
export async function builtBy({ packages, files, build, output, added = {} }: Bundler): Promise<Files> {
  const root = mkdtempSync(join(tmpdir(), "subbyte-bundler-"));
  try {
    for (const [path, content] of Object.entries(files)) write(join(root, path), content);
    write(join(root, "package.json"), '{ "private": true, "type": "module" }\n');
    const tarball = await run(engine, "npm", ["pack", "--silent", "--pack-destination", root]);
    try {
      await run(root, "npm", [
        "install",
        "--silent",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        `./${tarball}`,
        ...packages,
      ]);
    } catch (cause) {
      throw new NotInstalled((cause as Error).message);
    }
    await run(root, join(root, "node_modules/.bin", build[0]!), build.slice(1));
    for (const [path, content] of Object.entries(added)) write(join(root, output, path), content);
    return read(join(root, output));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Runs a command; ends it with all its children if it takes too long. */
async function run(cwd: string, command: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const timer = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), longestRun);
  let [stdout, all] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    all += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all += text;
  });
  const end = await new Promise<number | string | null>((resolve, reject) =>
    child.once("error", reject).once("close", (status, signal) => resolve(status ?? signal)),
  );
  clearTimeout(timer);
  if (end !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${end}\n${all}`);
  return stdout.trim();
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** All files of a folder, by their paths in it, which begin with a slash. */
export function read(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map((path) => [`/${relative(folder, path)}`, readFileSync(path)]));
}

const kernels = readFileSync(join(engine, "dist/wasm/generated-kernels.js"), "utf8");

/** How often each of the WebAssembly modules occurs in a site's scripts. */
export function copiesOfKernels(files: Files): number[] {
  const scripts = Array.from(files)
    .filter(([path]) => path.endsWith("js"))
    .map(([, content]) => Buffer.from(content).toString("latin1"));
  return Array.from(kernels.matchAll(/"(\w[^"]{1000,})"/g), ([, module]) =>
    scripts.reduce((sum, script) => sum + script.split(module!).length - 1, 0),
  );
}
