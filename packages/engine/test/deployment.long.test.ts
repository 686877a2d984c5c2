/** A page that imports only the engine, in every way that pages are made, gives Node's answers. Skipped where there is no Chromium. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resnet20 } from "../scripts/networks.mjs";
import { type LoadOptions, load, type Prediction, writeSbq } from "../src/index.js";
import { copiesOfKernels } from "./bundlers.js";
import { hasChromium, launchChromium } from "./chromium.js";
import { encodePng } from "./png.js";
import { Random } from "./programs.js";
import { type Files, type Site, serve } from "./site.js";
import { builtByVite, serveByVite } from "./vite.js";

const bundled = join(import.meta.dirname, "../dist/browser");
const page = join(import.meta.dirname, "page.js");

const network = resnet20({ weights: 4, activations: 4, classes: 10 });
const program = {
  ...network,
  preprocessing: { ...network.preprocessing, resize: "shorter-side", resizeTo: 36 },
} as const;
const file = writeSbq(program);
const image = { data: new Random(3).bytes(57 * 41 * 3), width: 57, height: 41, channels: 3 };
const translucent = { ...image, data: new Random(5).bytes(57 * 41 * 4), channels: 4 };
const images = new Random(4).bytes(3 * 3 * 32 * 32);

/** What the page fetches. */
const assets = [
  ["/model.sbq", file],
  ["/image.png", encodePng(image)],
  ["/translucent.png", encodePng(translucent)],
  ["/images.rgb", images],
] as const;

interface Outcome {
  readonly error?: string;
  readonly isolated: boolean;
  readonly progress: unknown;
  readonly tier: string;
  readonly runsOn: string;
  readonly threads: number;
  readonly fallback?: string;
  readonly predictions: Readonly<Record<string, Prediction[]>>;
  readonly translucent: Readonly<Record<string, Prediction[]>>;
  readonly batch: Prediction[][];
  readonly logits: readonly number[];
  readonly refused: string;
  readonly profiled: number;
}

/** The package's own files, and an import map for its name: what a page without a bundler writes as a path. */
function withoutBundler(): Files {
  const files = new Map<string, string | Uint8Array>();
  for (const name of readdirSync(bundled)) files.set(`/engine/${name}`, readFileSync(join(bundled, name)));
  files.set("/page.js", readFileSync(page, "utf8").replace('"@subbyte/engine"', '"/engine/index.js"'));
  return files;
}

/** @param entries  files to make by esbuild, as a page's author would */
async function withEsbuild(entries: Record<string, string>): Promise<Files> {
  const outdir = mkdtempSync(join(tmpdir(), "subbyte-page-"));
  await build({
    entryPoints: entries,
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    absWorkingDir: import.meta.dirname,
    logLevel: "silent",
  });
  return new Map(readdirSync(outdir).map((name) => [`/${name}`, readFileSync(join(outdir, name))]));
}

const pageInWorker = 'import "./page.js"; outcome.then((found) => postMessage(found));';

describe.skipIf(!hasChromium)("Chromium", () => {
  let browser: Browser;
  const expected = {
    predictions: [] as Prediction[],
    translucent: [] as Prediction[],
    logits: [] as number[],
  };

  beforeAll(async () => {
    browser = await launchChromium();
    const model = await load(file);
    expected.predictions = await model.classify(image, { topK: 10 });
    expected.translucent = await model.classify(translucent, { topK: 10 });
    expected.logits = [...(await model.run(images))];
  });
  afterAll(() => browser?.close());

  /** Loads the page, or a worker of it, and awaits its outcome. */
  async function visit(
    pageFiles: Files,
    { isolated = false, inWorker = false, options = {} as LoadOptions },
  ): Promise<Outcome> {
    const start = inWorker
      ? 'globalThis.outcome = new Promise((resolve) => { new Worker("/own-worker.js", { type: "module" }).onmessage = (event) => resolve(event.data); });'
      : `globalThis.loadOptions = ${JSON.stringify(options)};`;
    const script = inWorker ? "" : '<script type="module" src="/page.js"></script>';
    const pages = [
      ["/index.html", `<!doctype html><title>page</title><script src="/start.js"></script>${script}`],
      ["/start.js", start],
      ["/own-worker.js", pageInWorker],
    ] as const;
    return outcomeAt(await serve(new Map([...pageFiles, ...pages, ...assets]), isolated));
  }

  async function outcomeAt(site: Site): Promise<Outcome> {
    const outcome = (await valueAt(site)) as Outcome;
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome;
  }

  /** Opens the page and returns the value that it assigns to the global `outcome`. */
  async function valueAt(site: Site): Promise<unknown> {
    const tab = await browser.newPage();
    try {
      await tab.goto(`${site.origin}/index.html`, { timeout: 0 });
      // A function that waits inside the page would need a policy that allows eval.
      await expect.poll(() => tab.evaluate("globalThis.outcome !== undefined"), { timeout: 120_000 }).toBe(true);
      return await tab.evaluate("outcome");
    } finally {
      await tab.close();
      await site.close();
    }
  }

  /** Math.exp differs by a unit in the last place between versions of V8. */
  const expectSame = (found: Prediction[], predictions: Prediction[]) =>
    expect(found).toEqual(
      predictions.map(({ index, probability }) => ({ index, probability: expect.closeTo(probability, 12) })),
    );

  function expectNodesAnswers(outcome: Outcome): void {
    expect(outcome.logits).toEqual(expected.logits);
    for (const predictions of [...Object.values(outcome.predictions), ...outcome.batch])
      expectSame(predictions, expected.predictions);
    for (const predictions of Object.values(outcome.translucent)) expectSame(predictions, expected.translucent);
    expect(outcome.refused).toBe("InputError");
    expect(outcome.profiled).toBeGreaterThan(20);
    expect(outcome.tier).toMatch(/^(relaxed|fused)$/);
    expect(outcome.progress).toEqual({ loadedBytes: file.length, totalBytes: file.length });
  }

  test.each([false, true])("a module script from a static server, isolated: %s", async (isolated) => {
    const outcome = await visit(withoutBundler(), { isolated });
    expectNodesAnswers(outcome);
    expect(outcome).toMatchObject({ runsOn: "worker", isolated, threads: 1 });
    expect(Object.keys(outcome.predictions)).toEqual(["blob", "bitmap", "canvas", "pixels", "frame", "element"]);
  });

  test.each([
    { isolated: true, options: { threads: 2 }, got: { threads: 2, runsOn: "worker" } },
    { isolated: true, options: { threads: 2, worker: false }, got: { threads: 2, runsOn: "caller" } },
    { isolated: false, options: { threads: 2 }, got: { threads: 1, runsOn: "worker" } },
  ])("threads on one image, as far as memory can be shared: %o", async ({ isolated, options, got }) => {
    const outcome = await visit(withoutBundler(), { isolated, options });
    expectNodesAnswers(outcome);
    expect(outcome).toMatchObject({ isolated, ...got });
  });

  test("several workers with one image each need no isolation", async () => {
    const outcome = await visit(withoutBundler(), { options: { threads: 2, parallel: "images" } });
    expectNodesAnswers(outcome);
    expect(outcome).toMatchObject({ runsOn: "worker", isolated: false, threads: 2 });
  });

  test.each([
    [1333, 777],
    [31, 500],
    [7, 5],
    [32, 32],
  ])("the README's page on a picture of %i × %i", async (width, height) => {
    const picture = { data: new Random(width).bytes(width * height * 3), width, height, channels: 3 };
    const example = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8")
      .split(/```js.*\n/)
      .find((text) => text.includes('querySelector("img")'))!
      .split("```")[0]!;
    const script = example.replace('"@subbyte/engine"', '"/engine/index.js"');
    expect(script).not.toBe(example);
    const files: Files = new Map([
      ...withoutBundler(),
      ["/index.html", '<!doctype html><img src="picture.png"><script type="module" src="example.js"></script>'],
      ["/example.js", `${script}\nglobalThis.outcome = best;`],
      ["/picture.png", encodePng(picture)],
      ["/models/resnet20-w4a4.sbq", writeSbq(network)],
    ]);
    expect(network.preprocessing.resize).toBe("exact");
    const [best] = await (await load(writeSbq(network))).classify(picture);
    expectSame([(await valueAt(await serve(files, false))) as Prediction], [best!]);
  });

  test("a page's own worker computes itself", async () => {
    const outcome = await visit(withoutBundler(), { inWorker: true });
    expectNodesAnswers(outcome);
    expect(outcome).toMatchObject({ runsOn: "caller" });
    expect(outcome.fallback).toBeUndefined();
  });

  test("esbuild, with the worker as a second entry", async () => {
    const outcome = await visit(await withEsbuild({ page, worker: "@subbyte/engine/worker" }), {});
    expectNodesAnswers(outcome);
    expect(outcome).toMatchObject({ runsOn: "worker" });
  });

  /** The sources of a page with the engine among its dependencies. */
  const source: Files = new Map<string, string | Uint8Array>([
    [
      "index.html",
      '<!doctype html><title>page</title><script src="/start.js"></script><script type="module" src="/page.js"></script>',
    ],
    ["page.js", readFileSync(page)],
    ["public/start.js", ""],
    ...assets.map(([path, content]) => [`public${path}`, content] as const),
  ]);

  test("Vite's development server", async () => {
    const outcome = await outcomeAt(await serveByVite(source));
    expectNodesAnswers(outcome);
    expect(outcome).toMatchObject({ runsOn: "worker" });
    expect(outcome.fallback).toBeUndefined();
  });

  test("Vite's build, with threads", async () => {
    const files = await builtByVite(
      new Map([...source, ["public/start.js", "globalThis.loadOptions = { threads: 2 };"]]),
    );
    expect(copiesOfKernels(files)).toEqual([1, 1]);
    const outcome = await outcomeAt(await serve(files, true));
    expectNodesAnswers(outcome);
    expect(outcome).toMatchObject({ runsOn: "worker", isolated: true, threads: 2 });
    expect(outcome.fallback).toBeUndefined();
  });

  test("where the worker's file is missing, the calling thread computes, and the model says why", async () => {
    const outcome = await visit(await withEsbuild({ page }), {});
    expectNodesAnswers(outcome);
    expect(outcome).toMatchObject({ runsOn: "caller", threads: 1 });
    expect(outcome.fallback).toMatch(/worker/);
  });
});
