/** The page in Chromium with the models of the repository, as a visitor uses it. Skipped where there is no Chromium. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { startServer } from "@subbyte/server";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launchChromium } from "../scripts/chromium.mjs";
import { answered, drawSeven } from "../scripts/drive.mjs";
import { serveStatic } from "../scripts/static-server.mjs";

const models = join(import.meta.dirname, "../../../models");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Patience, not a measurement: machines are busy. */
const patience = 300_000;

describe.skipIf(!hasChromium)("the page", () => {
  let browser: Browser;
  let context: BrowserContext | undefined;
  const faults: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium({ camera: true });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await context?.close();
    expect(faults.splice(0)).toEqual([]);
  });

  async function open(address: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
    context = await browser.newContext(options);
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(String(error.stack)));
    await page.goto(address);
    return page;
  }

  /** Labels by bit width, of the first picture. */
  const labels = (page: Page) => page.locator(".results tbody tr").first().locator(".answer-top").allInnerTexts();

  /** Drops files on the page as a file manager does. */
  async function drop(page: Page, files: readonly { name: string; type: string; content: Uint8Array }[]) {
    const encoded = files.map(({ name, type, content }) => ({
      name,
      type,
      base64: Buffer.from(content).toString("base64"),
    }));
    const dataTransfer = await page.evaluateHandle((given) => {
      const transfer = new DataTransfer();
      for (const { name, type, base64 } of given) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type }));
      }
      return transfer;
    }, encoded);
    await page.getByRole("region", { name: "Add pictures" }).dispatchEvent("drop", { dataTransfer });
    await answered(page);
  }

  const picture = (name: string, file: string) => ({
    name,
    type: "image/jpeg",
    content: readFileSync(join(models, "samples", file)),
  });

  /** Two pictures are dropped; 8, 4 and 2 bits all see the cat, wherever they run. */
  async function dropAndCompare(page: Page) {
    await page.getByRole("link", { name: "Pictures" }).click();
    await drop(page, [picture("cat.jpg", "chelsea.jpg"), picture("rocket.jpg", "rocket.jpg")]);
    expect(await page.locator(".results thead th").count()).toBe(4);
    const first = page.locator(".results tbody tr").first();
    expect(await first.locator(".picture-name").textContent()).toBe("cat.jpg");
    expect(await labels(page)).toEqual(["cat", "cat", "cat"]);
    expect(await first.locator(".badge.same").count()).toBe(2);
  }

  async function drawAndRead(page: Page) {
    await page.getByRole("link", { name: "Draw" }).click();
    await drawSeven(page);
    for (const width of ["8 bits", "4 bits", "2 bits"])
      await page.locator(`[data-model^="${width}"] [data-testid="digit"]`).getByText("7").waitFor();
  }

  /** The page's command for a terminal, done by hand. */
  async function askAsTold(page: Page) {
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const commands = await page.evaluate(() => navigator.clipboard.readText());
    expect(commands.split("\n")).toHaveLength(3);
    const [, model, field, file, address] = /^curl -F model=(\S+) -F (\w+)=@(\S+) (\S+)$/m.exec(commands)!;
    expect(file).toBe("photo.jpg");
    const body = new FormData();
    body.set("model", model!);
    body.set(field!, new Blob([readFileSync(join(models, "samples/chelsea.jpg"))]), file);
    const answers = (await (await fetch(address!, { method: "POST", body })).json()) as { label: string }[];
    expect(answers.map(({ label }) => label)).toEqual(["cat"]);
  }

  const confidences = (page: Page) => page.locator(".results .confidence .number").allTextContents();

  test("pictures and digits, in the browser, on the server, and again without a network", async () => {
    const server = await startServer({ models, port: 0, log: false });
    const page = await open(server.url, { permissions: ["clipboard-read", "clipboard-write"] });
    await dropAndCompare(page);
    const here = await confidences(page);
    await page.getByRole("radio", { name: "Server" }).check();
    await answered(page);
    await page.locator(".results .answer-foot").getByText(" of ").first().waitFor();
    expect(await labels(page)).toEqual(["cat", "cat", "cat"]);
    expect(await confidences(page)).toEqual(here);
    await askAsTold(page);
    await drawAndRead(page);
    await page.getByRole("radio", { name: "This browser" }).check();
    await page.getByRole("button", { name: "Clear" }).click();
    await drawAndRead(page);
    await page.getByRole("link", { name: "Stored" }).click();
    await page.getByText("The page opens without a network").waitFor();
    await server.close();
    await context!.setOffline(true);
    await page.goto(`${server.url}/`);
    await dropAndCompare(page);
    expect(await confidences(page)).toEqual(here);
    await drawAndRead(page);
  });

  test("a server that is gone is told, and the browser goes on by itself", async () => {
    const server = await startServer({ models, port: 0, log: false });
    const page = await open(server.url);
    // Here first, so that the browser keeps the models.
    await dropAndCompare(page);
    await page.getByRole("radio", { name: "Server" }).check();
    await page.locator(".results .answer-foot").getByText(" of ").first().waitFor();
    await answered(page);
    await server.close();
    await drop(page, [picture("another.jpg", "chelsea.jpg")]);
    await page.locator(".results").getByText("no answer").first().waitFor();
    await page.getByRole("radio", { name: "This browser" }).check();
    await page.locator(".results").getByText("no answer").first().waitFor({ state: "hidden" });
    await answered(page);
    expect(await labels(page)).toEqual(["cat", "cat", "cat"]);
  });

  test("drops files that are images and names those that are not", async () => {
    const site = await serveStatic({ models });
    const page = await open(site.origin);
    const file = (name: string, type: string, content: string) => ({ name, type, content: Buffer.from(content) });
    await drop(page, [
      picture("one.jpg", "rocket.jpg"),
      picture("two.jpg", "rocket.jpg"),
      file("notes.txt", "text/plain", "text"),
      file("broken.png", "image/png", "no picture"),
    ]);
    expect(await page.locator(".picture-name").allInnerTexts()).toEqual(["one.jpg", "two.jpg", "broken.png"]);
    await page.getByRole("alert").getByText("notes.txt is not an image").waitFor();
    await page.locator(".results tr").last().getByText("no answer").first().waitFor();
    await page.getByLabel(/Only disagreements/).check();
    const shown = await page.locator(".results tbody tr").count();
    const named = Number(/\((\d+)\)/.exec((await page.getByText(/Only disagreements/).textContent())!)![1]);
    expect(shown).toBe(named);
    await site.close();
  });

  test.each([true, false])("isolated: %s, threads or one thread", async (isolated) => {
    const site = await serveStatic({ models, isolated });
    const page = await open(`${site.origin}/#stored`);
    await page.getByText("Cross-origin isolated").waitFor();
    const facts = await page.locator(".facts").textContent();
    expect(facts).toMatch(isolated ? /isolatedyes/ : /isolatedno/);
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByRole("button", { name: "Measure on this device" }).click();
    await page.locator(".comparison").getByText(/SIMD/).first().waitFor();
    const threads = await page.evaluate(() => navigator.hardwareConcurrency);
    const expected = isolated && threads > 1 ? /SIMD, \d threads/ : /SIMD, 1 thread$/;
    for (const how of await page.locator(".comparison tbody td:last-child").allInnerTexts())
      expect(how).toMatch(expected);
    // The workers that were measured are ended, and their memory with them.
    await expect.poll(() => page.workers().length, { timeout: patience }).toBe(0);
    await site.close();
  });

  test("models that the browser keeps are listed, and deleted when told so", async () => {
    const site = await serveStatic({ models });
    const page = await open(site.origin);
    await page.getByRole("button", { name: "Sample: Cat" }).click();
    await answered(page);
    await page.getByRole("link", { name: "Stored" }).click();
    const rows = page.locator("#models-kept").locator("xpath=ancestor::section[1]").locator("tbody tr");
    await rows.nth(2).waitFor();
    const kept = () =>
      page.evaluate(async () => (await (await caches.open("subbyte-models")).keys()).map(({ url }) => url));
    expect(await kept()).toHaveLength(await rows.count());
    while ((await rows.count()) > 0) {
      const before = await rows.count();
      await rows
        .first()
        .getByRole("button", { name: /^Delete/ })
        .click();
      await expect.poll(() => rows.count(), { timeout: patience }).toBe(before - 1);
    }
    await page.getByText("No model is kept yet").waitFor();
    expect(await kept()).toEqual([]);
    await site.close();
  });

  test("float runs on onnxruntime-web, and is the reference", async () => {
    const site = await serveStatic({ models });
    const page = await open(site.origin);
    await page.getByLabel(/float/).check();
    await page.getByRole("button", { name: "Sample: Cat" }).click();
    await answered(page);
    expect(await labels(page)).toEqual(["cat", "cat", "cat", "cat"]);
    await page.locator(".results thead").getByText("reference").waitFor();
    await site.close();
  });

  test("LiteRT.js and onnxruntime-web are measured beside the engine, under the server's content security policy", async () => {
    const server = await startServer({ models, port: 0, log: false });
    const page = await open(`${server.url}/#compare`);
    await page.getByLabel(/^float/).check();
    await page.getByLabel(/compare with LiteRT.js/).check();
    await page.getByLabel("Answers").selectOption("10");
    await page.getByRole("button", { name: "Measure on this device" }).click();
    const row = page.locator(".comparison tbody tr").filter({ hasText: "LiteRT.js" });
    await row.getByText("LiteRT.js, 1 thread").waitFor();
    expect(await row.locator("td[data-title=Median]").textContent()).toMatch(/ms/);
    for (const how of await page.locator(".comparison tbody td:last-child").allInnerTexts())
      expect(how).toMatch(/1 thread/);
    expect(await page.locator(".comparison td[data-title=Memory]").nth(1).textContent()).toMatch(/MB/);
    await page.getByRole("heading", { name: "Accuracy and time" }).waitFor();
    await server.close();
  });

  test("many pictures are answered together, as they are one by one", async () => {
    const site = await serveStatic({ models });
    const page = await open(site.origin);
    await drop(page, [picture("cat.jpg", "chelsea.jpg"), picture("rocket.jpg", "rocket.jpg")]);
    const alone = await confidences(page);
    await page.getByRole("button", { name: "Clear all" }).click();
    const crowd = Array.from({ length: 24 }, (_, i) =>
      i % 2 === 0 ? picture(`cat-${i}.jpg`, "chelsea.jpg") : picture(`rocket-${i}.jpg`, "rocket.jpg"),
    );
    await drop(page, crowd);
    const together = await confidences(page);
    expect(together).toEqual(Array.from({ length: 12 }, () => alone).flat());
    await site.close();
  });

  test("the camera is classified frame by frame", async () => {
    const site = await serveStatic({ models });
    const page = await open(`${site.origin}/#camera`, { permissions: ["camera"] });
    await page.getByRole("button", { name: "Start camera" }).click();
    await page.getByTestId("frame-rate").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByRole("button", { name: "Start camera" }).waitFor();
    await site.close();
  });

  test("looks into a model, and opens a visitor's own", async () => {
    const site = await serveStatic({ models });
    const page = await open(`${site.origin}/#inside`);
    await page.getByText("Bits per weight").waitFor();
    await page.getByRole("button", { name: "Time each on this device" }).click();
    await page.locator(".table").getByText(" ms").first().waitFor();
    await page.getByLabel(/Open a model/).setInputFiles(join(models, "mnist-w4a4.sbq"));
    await page.getByText("Your models").first().waitFor({ state: "attached" });
    await page.getByText("grey").first().waitFor();
    await page
      .getByLabel(/Open a model/)
      .setInputFiles({ name: "bad.sbq", mimeType: "", buffer: Buffer.from("not a model") });
    await page
      .getByRole("alert")
      .getByText(/bad.sbq/)
      .waitFor();
    await site.close();
  });

  test.each(["light", "dark"] as const)("axe finds nothing in the %s theme", async (colorScheme) => {
    const site = await serveStatic({ models });
    const page = await open(site.origin, { colorScheme, reducedMotion: "reduce" });
    const views = await page
      .locator(".views a")
      .evaluateAll((links) => links.map((link) => link.getAttribute("href")!));
    await page.getByRole("button", { name: "Sample: Cat" }).click();
    await answered(page);
    for (const view of views) {
      await page.locator(`.views a[href="${view}"]`).click();
      await page.locator("h1").waitFor();
      if (view === "#inside") await page.getByText("Bits per weight").waitFor();
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      expect(violations.map(({ id, nodes }) => ({ view, id, nodes: nodes.map(({ html }) => html) }))).toEqual([]);
    }
    await site.close();
  });
});
