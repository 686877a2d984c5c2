/** The report in Chromium at the widths of a phone, a laptop and paper. Skipped where there is no browser. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Browser, openBrowser } from "../../bench/browser.js";
import { studyResults } from "../../testing/study-results.js";
import { studyPage } from "./study-page.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const html = studyPage([
  studyResults({
    network: "resnet18",
    data: "cifar10",
    float: 0.87,
    made: [8, 7, 6, 5, 4, 3, 2].flatMap((bits) => [
      { method: "mse", bits, top1: bits < 4 ? 0.3 : 0.86 },
      { method: "qat", bits, top1: 0.85 + 0.002 * bits, epochs: 3 },
    ]),
    latency: { own: { 8: 3, 4: 2, 2: 1.9 }, peer: 9 },
  }),
]);

const browser: Browser | undefined = await openBrowser().catch(() => undefined);

describe.skipIf(browser === undefined)("the report", () => {
  let served: Awaited<ReturnType<Browser["open"]>>;
  beforeAll(async () => {
    served = await browser!.open(new Map());
    await served.page.setContent(html);
  });
  afterAll(async () => {
    await served.close();
    await browser!.close();
  });

  test.each([
    ["phone", 390],
    ["laptop", 1024],
  ])("fits a %s, and keeps the axe rules in light and dark", async (_, width) => {
    const { page } = served;
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(axe);
      const { violations } = (await page.evaluate(() =>
        (globalThis as unknown as { axe: { run(): unknown } }).axe.run(),
      )) as AxeResults;
      expect(violations.map(({ id, nodes }) => [id, nodes[0]!.html])).toEqual([]);
    }
  });

  test("prints every run without cutting tables", async () => {
    const { page } = served;
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.setViewportSize({ width: 740, height: 1000 });
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    expect(await page.locator("details:not([open])").count()).toBe(0);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(255, 255, 255)");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(740);
    await page.emulateMedia({ media: "screen" });
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    expect(await page.locator("details[open]").count()).toBe(0);
  });

  test("sorts tables, and shows a text beside the pointer", async () => {
    const { page } = served;
    await page.setViewportSize({ width: 1024, height: 800 });
    await page.locator("#accuracy summary").click();
    const table = page.locator("#accuracy table.sortable");
    const accuracies = async () =>
      (await table.locator("tbody tr td:nth-child(4)").allInnerTexts()).map(Number.parseFloat);
    await table.locator("th button", { hasText: "accuracy" }).click();
    const rising = await accuracies();
    expect(rising).toEqual(rising.toSorted((a, b) => a - b));
    await table.locator("th button", { hasText: "accuracy" }).click();
    expect(await accuracies()).toEqual(rising.toReversed());
    await page.locator("#accuracy .mark[data-tip]").first().hover();
    expect(await page.locator("#tip").textContent()).toMatch(/^mse, 8 bits: 86\.00 %/);
  });
});
