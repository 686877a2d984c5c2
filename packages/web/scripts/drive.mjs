/** @file What people do on the page, for tests and screenshots. */

/** A 7 by mouse: along the top, then down to the left. */
const seven = [
  [0.3, 0.25],
  [0.7, 0.25],
  [0.5, 0.8],
];

/** @param {import("playwright-core").Page} page */
export async function drawSeven(page) {
  const canvas = page.getByRole("application");
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(seven[0]));
  await page.mouse.down();
  for (const point of seven.slice(1)) await page.mouse.move(...at(point), { steps: 12 });
  await page.mouse.up();
}

/** Waits until no cell waits for its answer. @param {import("playwright-core").Page} page */
export async function answered(page) {
  await page.locator(".results tbody tr").first().waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".results .waiting").length === 0, undefined, {
    timeout: 300_000,
  });
}
