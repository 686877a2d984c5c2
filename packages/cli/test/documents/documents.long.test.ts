/**
 * @file Runs the code blocks of the documentation: those of one page in order, in a folder with the files that they name. A block
 * that needs data which is not there is skipped, and says so.
 */

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { transform } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, launchChromium } from "../../../engine/test/chromium.js";
import { type Files, serve, strictPolicy } from "../../../engine/test/site.js";
import { png, program, sharedFile } from "../subbyte.js";
import { type Block, blocksOf, documents, replacedText, root, textOf } from "./blocks.js";

const cifar10 = [
  ["airplane", "automobile", "bird", "cat", "deer"],
  ["dog", "frog", "horse", "ship", "truck"],
].flat();

/** Data that a clone does not have, by the names that pages give to it. */
const optional: Readonly<Record<string, string>> = {
  "cifar10.tgz": "data/cifar10.tgz",
  "imagenette.tgz": "data/imagenette.tgz",
  "resnet20.th": "models/resnet20-cifar10.th",
  "mobilenet.onnx": "models/imagenet-mobilenet_v1_0.25_128.onnx",
  "imagenet-1001-labels.json": "models/imagenet-1001-labels.json",
};

const runnable = new Set(["sh", "js", "ts", "html"]);
const isRun = ({ language, skip, file }: Block) => runnable.has(language) && skip === undefined && file === undefined;

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "subbyte-documents-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const models = join(root, "models");

/** The files that pages name: a model of ten classes in each form, photographs, and what else is at hand. */
async function folderFor(document: string): Promise<string> {
  const folder = join(home, document.replaceAll("/", "-"));
  const copy = (from: string, ...to: readonly string[]) => {
    for (const name of to) cpSync(from, join(folder, name));
  };
  mkdirSync(join(folder, "bin"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  copy(join(models, "samples/chelsea.jpg"), "cat.jpg", "photo.jpg");
  copy(
    join(models, "resnet20-cifar10-w4a4.sbq"),
    "model.sbq",
    "flowers.sbq",
    "resnet20-w4a4.sbq",
    "models/resnet20-w4a4.sbq",
  );
  copy(join(models, "resnet20-cifar10-w8a8.sbq"), "model-w8a8.sbq");
  copy(join(models, "resnet20-cifar10-float.onnx"), "model.onnx");
  // Only where it is named: a server of this folder would answer with it.
  if (textOf(document).includes("mnist-float.onnx")) copy(join(models, "mnist-float.onnx"), "models/mnist-float.onnx");
  for (const [label, name] of cifar10.entries())
    for (let i = 0; i < 8; i++) {
      mkdirSync(join(folder, "photos", name), { recursive: true });
      await writeFile(join(folder, "photos", name, `${i}.png`), png(32, 32, 20 * label + i));
    }
  for (const [name, shared] of Object.entries(optional)) {
    const path = sharedFile(shared);
    if (path !== undefined) symlinkSync(path, join(folder, name));
  }
  // Appends the options that make a command short; they are for its first word.
  const command = join(folder, "bin/subbyte");
  await writeFile(
    command,
    `#!/usr/bin/env node
process.argv.push(...(JSON.parse(process.env.ADDED)[process.argv[2]] ?? []));
await import(${JSON.stringify(program)});
`,
  );
  await chmod(command, 0o755);
  return folder;
}

/** Runs a program to its end. @throws {Error} with its output, where it fails */
const run = (command: string, args: readonly string[], folder: string, { added }: Block): Promise<void> =>
  new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      PATH: `${join(folder, "bin")}:${process.env.PATH}`,
      ADDED: JSON.stringify(added),
      XDG_CACHE_HOME: join(home, "cache"),
      NO_COLOR: "1",
    };
    execFile(command, args, { cwd: folder, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}\n${stderr}`)) : resolve(),
    );
  });

/** A TypeScript block as JavaScript; what its types say is checked by the compiler, for all blocks together. */
async function asModule(block: Block, folder: string): Promise<string> {
  const path = join(folder, `line-${block.line}.js`);
  const text = replacedText(block);
  const { code } = block.language === "ts" ? await transform(text, { loader: "ts" }) : { code: text };
  await writeFile(path, code);
  return path;
}

const engineFolder = join(root, "packages/engine/dist/browser");

/** A page as a plain server sends it, with the packages of the engine under the path that the pages use. */
function siteOf(block: Block, folder: string): Files {
  const engine = "/node_modules/@subbyte/engine/dist/browser";
  const html = block.language === "html";
  const finish = "\nglobalThis.finished = true;\n";
  const script = replacedText(block).replace('"@subbyte/engine"', `"${engine}/index.js"`);
  const inputs = '<img src="/cat.jpg"><input type="file">';
  return new Map<string, string | Uint8Array>([
    ...readdirSync(engineFolder).map((name) => [`${engine}/${name}`, readFileSync(join(engineFolder, name))] as const),
    ...["cat.jpg", "model.sbq", "models/resnet20-w4a4.sbq", "models/flowers.sbq"].map((path) => {
      const there = existsSync(join(folder, path)) ? path : "model.sbq";
      return [`/${path}`, readFileSync(join(folder, there))] as const;
    }),
    ["/script.js", `${script}${finish}`],
    [
      "/index.html",
      html
        ? `<!doctype html>${inputs}${script.replace("</script>", `${finish}</script>`)}`
        : `<!doctype html>${inputs}<script type="module" src="/script.js"></script>`,
    ],
  ]);
}

let browser: Browser | undefined;
afterAll(() => browser?.close());

async function runInPage(block: Block, folder: string): Promise<void> {
  const policy = strictPolicy.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'");
  const site = await serve(siteOf(block, folder), true, policy);
  browser ??= await launchChromium();
  const tab = await browser.newPage();
  const errors: string[] = [];
  tab.on("pageerror", (error) => errors.push(error.message));
  try {
    await tab.goto(`${site.origin}/index.html`);
    const ended = () => tab.evaluate("globalThis.finished === true").then((finished) => finished || errors.length > 0);
    await expect.poll(ended, { timeout: 120_000 }).toBe(true);
    expect(errors).toEqual([]);
  } finally {
    await tab.close();
    await site.close();
  }
}

async function runBlock(block: Block, folder: string): Promise<void> {
  if (block.page || block.language === "html") return runInPage(block, folder);
  if (block.language === "sh") return run("bash", ["-euo", "pipefail", "-c", replacedText(block)], folder, block);
  return run(process.execPath, [await asModule(block, folder)], folder, block);
}

const withBlocks = documents.map((document) => ({ document, blocks: blocksOf(document) }));

describe.each(withBlocks.filter(({ blocks }) => blocks.some(isRun)))("$document", ({ document, blocks }) => {
  let folder: string;
  beforeAll(async () => {
    folder = await folderFor(document);
  });

  it.each(blocks.filter(({ file }) => file !== undefined))("line $line is the file $file", async ({ file, text }) => {
    mkdirSync(dirname(join(folder, file!)), { recursive: true });
    await writeFile(join(folder, file!), text);
  });

  for (const block of blocks.filter(isRun))
    it(`line ${block.line}, ${block.language}`, async ({ skip }) => {
      const missing = Object.keys(optional).filter(
        (name) => block.text.includes(name) && !existsSync(join(folder, name)),
      );
      if (missing.length > 0) skip(`no test data: ${missing.join(", ")}`);
      if ((block.page || block.language === "html") && !hasChromium) skip("no Chromium");
      await runBlock(block, folder);
    });
});

it("the compiler finds nothing wrong with TypeScript blocks", async () => {
  const blocks = withBlocks.flatMap((page) => page.blocks).filter(({ language, skip }) => language === "ts" && !skip);
  const folder = join(home, "types");
  mkdirSync(folder);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const names = blocks.map((block) => `${block.document.replaceAll(/[/.]/g, "-")}-${block.line}.ts`);
  const config = {
    compilerOptions: {
      strict: true,
      noEmit: true,
      module: "nodenext",
      target: "es2024",
      types: ["node"],
      skipLibCheck: true,
    },
    files: names,
  };
  await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  await Promise.all(blocks.map((block, i) => writeFile(join(folder, names[i]!), replacedText(block))));
  await run(join(root, "node_modules/.bin/tsc"), ["-p", folder], folder, blocks[0]!);
});
