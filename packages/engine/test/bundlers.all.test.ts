/**
 * A page that only imports the package, built by each bundler from the packed tarball, gives Node's answers: the worker starts, so do
 * its threads, and the kernels are shipped once. Skipped where there is no Chromium, or where a bundler cannot be installed.
 */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resnet20 } from "../scripts/networks.mjs";
import { load, writeSbq } from "../src/index.js";
import { builtBy, bundlers, copiesOfKernels, NotInstalled } from "./bundlers.js";
import { hasChromium, launchChromium } from "./chromium.js";
import { encodePng } from "./png.js";
import { Random } from "./programs.js";
import { type Files, serve, strictPolicy } from "./site.js";

const file = writeSbq(resnet20({ weights: 4, activations: 4, classes: 10 }));
const picture = { data: new Random(3).bytes(57 * 41 * 3), width: 57, height: 41, channels: 3 };
const images = new Random(4).bytes(3 * 3 * 32 * 32);
const assets: Files = new Map([
  ["/model.sbq", file],
  ["/image.png", encodePng(picture)],
  ["/translucent.png", encodePng({ ...picture, data: new Random(5).bytes(57 * 41 * 4), channels: 4 })],
  ["/images.rgb", images],
]);

const policyWithInlineScripts = strictPolicy.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'");

describe.skipIf(!hasChromium)("a page built by", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  async function visit(files: Files, isolated: boolean, policy: string): Promise<Record<string, unknown>> {
    const site = await serve(new Map([...files, ...assets]), isolated, policy);
    const tab = await browser.newPage();
    await tab.addInitScript("globalThis.loadOptions = { threads: 2 };");
    try {
      await tab.goto(`${site.origin}/index.html`);
      // A function that waits inside the page would need a policy that allows eval.
      await expect.poll(() => tab.evaluate("globalThis.outcome !== undefined"), { timeout: 120_000 }).toBe(true);
      return (await tab.evaluate("outcome")) as Record<string, unknown>;
    } finally {
      await tab.close();
      await site.close();
    }
  }

  test.for(Object.entries(bundlers))("%s", async ([, bundler], { skip }) => {
    const files = await builtBy(bundler).catch((error: unknown) => {
      if (error instanceof NotInstalled) return skip(`the bundler could not be installed: ${error.message}`);
      throw error;
    });
    const policy = bundler.inlineScripts ? policyWithInlineScripts : strictPolicy;
    expect(copiesOfKernels(files)).toEqual([1, 1]);

    const tier = expect.stringMatching(/^(relaxed|fused)$/);
    const logits = [...(await (await load(file)).run(images))];
    const isolated = await visit(files, true, policy);
    expect(isolated).toMatchObject({ logits, isolated: true, runsOn: "worker", threads: 2, tier });
    expect(isolated.fallback).toBeUndefined();

    const apart = await visit(files, false, policy);
    expect(apart).toMatchObject({ logits, isolated: false, runsOn: "worker", threads: 1, tier });
    expect(apart.fallback).toMatch(/cross-origin isolated/);
  });
});
