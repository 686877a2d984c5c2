/** @file Bundles the engine for tests, as a web page's bundler would. */

import { join } from "node:path";
import { build } from "esbuild";

export interface Bundle {
  /** A classic script that defines the global `Subbyte`. */
  readonly script: string;
  /** Paths of all files in the bundle. */
  readonly inputs: readonly string[];
  /** Imports that the bundle leaves unresolved; a browser can resolve none. */
  readonly externals: readonly string[];
}

export async function bundleForBrowser(): Promise<Bundle> {
  const result = await build({
    entryPoints: [join(import.meta.dirname, "../src/index.ts")],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: "browser",
    target: "es2022",
    format: "iife",
    globalName: "Subbyte",
    logLevel: "silent",
  });
  const inputs = Object.entries(result.metafile.inputs);
  return {
    script: result.outputFiles[0]!.text,
    inputs: inputs.map(([path]) => path),
    externals: inputs.flatMap(([, { imports }]) => imports.filter((item) => item.external).map((item) => item.path)),
  };
}
