/** The programs of `examples/`, installed from packed packages, built and run; pages in Chromium, where there is one. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "@subbyte/server";
import type { Browser } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { read } from "../../engine/test/bundlers.js";
import { hasChromium, launchChromium } from "../../engine/test/chromium.js";
import { serve, strictPolicy } from "../../engine/test/site.js";
import { type Example, installExample, NotInstalled } from "./examples.js";

const root = join(import.meta.dirname, "../../..");
let browser: Browser | undefined;
afterAll(() => browser?.close());

/** Installs an example, uses it and removes it; the test is skipped where it cannot be installed. */
async function withExample(name: string, skip: (note: string) => never, use: (example: Example) => Promise<void>) {
  const example = await installExample(name).catch((error: unknown) => {
    if (error instanceof NotInstalled) return skip(`it could not be installed: ${error.message}`);
    throw error;
  });
  try {
    await use(example);
  } finally {
    example.remove();
  }
}

/** Scripts of pages, and what makes their folder complete. */
const pages = {
  page: { script: "models", output: ".", inline: true },
  vite: { script: "build", output: "dist", inline: false },
  webpack: { script: "build", output: "dist", inline: false },
  next: { script: "build", output: "out", inline: true },
} as const;

test("every example is run by a test", () => {
  const names = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const tested = ["node", "server-client", "own-operator", "own-quantization", ...Object.keys(pages)];
  expect(names.map(({ name }) => name).sort()).toEqual(tested.sort());
});

test.skipIf(!hasChromium).for(Object.entries(pages))(
  "examples/%s answers in a browser",
  async ([name, { script, output, inline }], { skip }) => {
    await withExample(name, skip, async (example) => {
      await example.script(script);
      const policy = inline ? strictPolicy.replace("'self' 'wasm", "'self' 'unsafe-inline' 'wasm") : strictPolicy;
      const site = await serve(read(join(example.folder, output)), false, `${policy}; img-src 'self' data:`);
      browser ??= await launchChromium();
      const page = await browser.newPage();
      try {
        await page.goto(`${site.origin}/index.html`);
        await page.getByText(/^cat \(\d+\.\d %\)$/).waitFor({ timeout: 240_000 });
        await page.route("**/model.sbq", (route) => route.fulfill({ status: 404 }));
        await page.reload();
        await page.getByText(/model\.sbq was answered with status 404/).waitFor({ timeout: 240_000 });
      } finally {
        await page.close();
        await site.close();
      }
    });
  },
);

test("examples/server-client asks a server", async ({ skip }) => {
  const server = await startServer({
    models: join(root, "models"),
    port: 0,
    log: false,
    page: false,
    maxWait: 3_600_000,
  });
  try {
    await withExample("server-client", skip, async (example) => {
      const picture = join(root, "models/samples/chelsea.jpg");
      const text = await example.script("client", server.url, "resnet20-cifar10-w4a4", picture);
      expect(text).toContain("resnet20-cifar10-w4a4 takes input: FP32 [-1,3,32,32]");
      expect(text).toMatch(/chelsea\.jpg: cat\n$/);
    });
  } finally {
    await server.close();
  }
});

test("examples/own-operator keeps its accuracy at 4 bits", async ({ skip }) => {
  await withExample("own-operator", skip, async (example) => {
    const [, top1] = /at 4 bits: ([\d.]+) % of 2000 images/.exec(await example.script("start"))!;
    expect(Number(top1)).toBeGreaterThan(95);
  });
});

test("examples/own-quantization compares its method", async ({ skip }) => {
  await withExample("own-quantization", skip, async (example) => {
    const found = [...(await example.script("start")).matchAll(/^(.+): ([\d.]+) % of 2000 images at 4 bits$/gm)];
    expect(found.map(([, name]) => name)).toEqual(["mse", "powers of two"]);
    for (const [, , top1] of found) expect(Number(top1)).toBeGreaterThan(90);
  });
});
