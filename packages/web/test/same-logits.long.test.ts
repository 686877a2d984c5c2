/** One photo in the page, on the server and in `evaluate`: the same logits, bit for bit. Skipped where there is no Chromium. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSbq } from "@subbyte/engine";
import { startServer } from "@subbyte/server";
import { ImageCache, integerClassifier, openImages } from "@subbyte/toolkit";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasChromium, launchChromium } from "../scripts/chromium.mjs";
import { answered } from "../scripts/drive.mjs";

const models = join(import.meta.dirname, "../../../models");
const model = "mobilenet-v2-imagenet-w8a8";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "subbyte-logits-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The sample photo without loss, so that every decoder gives the same pixels; turned, so that orientation counts too. */
async function photo(): Promise<string> {
  const path = join(folder, "photos", "coffee.png");
  mkdirSync(join(folder, "photos"));
  await sharp(join(models, "samples/coffee.jpg")).withMetadata({ orientation: 6 }).png().toFile(path);
  return path;
}

/** A folder of images as `evaluate` opens it, through the classifier that it runs. */
async function evaluated(photos: string): Promise<Float32Array> {
  const sbq = new Uint8Array(readFileSync(join(models, `${model}.sbq`)));
  const { height, resizeTo } = readSbq(sbq).preprocessing;
  const images = await openImages(photos, {
    split: "train",
    labels: "optional",
    size: height,
    resizeTo: resizeTo!,
    cache: new ImageCache(join(folder, "cache"), 1e9),
  });
  const classifier = await integerClassifier(sbq);
  for await (const batch of images.batches({ batchSize: 1 })) {
    const logits = await classifier.classify(batch);
    await classifier.close();
    return logits;
  }
  throw new Error("there is no image");
}

/** The logits that the page saves. */
async function saved(page: Page): Promise<Float32Array> {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save as JSON" }).click(),
  ]);
  const [answer] = JSON.parse(readFileSync(await file.path(), "utf8")) as { model: string; logits: number[] }[];
  expect(answer!.model).toBe(model);
  return Float32Array.from(answer!.logits);
}

test.skipIf(!hasChromium)("a page, the server and evaluate give the same logits of a photo", async () => {
  const path = await photo();
  const server = await startServer({ models, port: 0, log: false });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(300_000);
    await page.goto(server.url);
    await page.getByRole("radio", { name: /MobileNet/ }).check();
    await page.getByLabel("Choose pictures").setInputFiles(path);
    await answered(page);
    const inPage = await saved(page);
    await page.getByRole("radio", { name: "Server" }).check();
    await page.locator(".results .answer-foot").getByText(" of ").first().waitFor();
    const onServer = await saved(page);
    const logits = await evaluated(join(folder, "photos"));
    expect(logits).toHaveLength(1001);
    expect(new Set(logits).size).toBeGreaterThan(10);
    expect(inPage).toEqual(logits);
    expect(onServer).toEqual(logits);
  } finally {
    await browser.close();
    await server.close();
  }
});
