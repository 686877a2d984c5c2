/** @file The programs of `examples/`, copied to a fresh folder and run there with the packed packages, as by somebody who copied them. */

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const root = join(import.meta.dirname, "../../..");

/** The packages could not be installed: no registry, or one without them. */
export class NotInstalled extends Error {}

export interface Example {
  readonly folder: string;
  /** Runs a script of its package.json; the text is what it writes. @throws {Error} if it fails */
  script(name: string, ...args: readonly string[]): Promise<string>;
  remove(): void;
}

/**
 * Installs an example. It finds the repository's models where it looks for them.
 * @throws {NotInstalled}
 */
export async function installExample(name: string): Promise<Example> {
  const parent = mkdtempSync(join(tmpdir(), "subbyte-example-"));
  const folder = join(parent, "examples", name);
  const remove = () => rmSync(parent, { recursive: true, force: true });
  try {
    cpSync(join(root, "examples", name), folder, {
      recursive: true,
      filter: (path) => !["node_modules", "package-lock.json"].includes(basename(path)),
    });
    symlinkSync(join(root, "models"), join(parent, "models"));
    await withTarballs(folder);
    await run(folder, ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]).catch(
      (cause: unknown) => {
        throw new NotInstalled((cause as Error).message);
      },
    );
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, script: (script, ...args) => run(folder, ["run", "--silent", script, "--", ...args]), remove };
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** Replaces the addresses of the repository's packages by packed ones, and adds those that they need themselves. */
async function withTarballs(folder: string): Promise<void> {
  const manifest = readManifest(folder);
  const dependencies: Record<string, string> = { ...manifest.dependencies };
  const packages = new Set<string>();
  const add = (path: string) => {
    if (packages.has(path)) return;
    packages.add(path);
    for (const name of Object.keys(readManifest(path).dependencies ?? {}))
      if (name.startsWith("@subbyte/")) add(join(root, "packages", name.slice("@subbyte/".length)));
  };
  for (const address of Object.values(dependencies))
    if (address.startsWith("file:../../packages/")) add(join(root, "packages", basename(address)));
  const packed = join(folder, "../../packed");
  mkdirSync(packed);
  for (const path of packages) {
    const tarball = await run(path, ["pack", "--silent", "--pack-destination", packed]);
    const { name } = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as { name: string };
    dependencies[name] = `file:${join(packed, tarball.trim())}`;
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest, dependencies }));
}

/** An npm command in a folder. */
async function run(cwd: string, args: readonly string[]): Promise<string> {
  // The test runner's value would make builds other than they are.
  const { NODE_ENV: _, ...own } = process.env;
  const env = { ...own, NEXT_TELEMETRY_DISABLED: "1" };
  const child = spawn("npm", args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const status = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (status !== 0) throw new Error(`npm ${args.join(" ")} in ${cwd} ended with status ${status}\n${stdout}${stderr}`);
  return stdout;
}
