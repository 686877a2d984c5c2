/**
 * Lighthouse on the page as `npm run demo` serves it: at least 95 in each category, the median of three. Lighthouse is fetched from
 * the registry when it runs. Skipped where there is no Chromium.
 */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startServer } from "@subbyte/server";
import { expect, test } from "vitest";
import { chromiumArguments, chromiumPath, hasChromium } from "../scripts/chromium.mjs";
import { median } from "../src/statistics.js";

const LIGHTHOUSE = "lighthouse@12.8.2";

interface Report {
  readonly categories: Readonly<Record<string, { readonly score: number }>>;
  /** Speed of this machine; below 1,000 Lighthouse itself says that its times of a simulated phone mean little. */
  readonly environment: { readonly benchmarkIndex: number };
}

/** In a process of its own: this one serves the page. */
async function audit(address: string, path: string): Promise<Report> {
  const options = ["--no-enable-error-reporting", "--quiet", "--output", "json", "--output-path", path];
  const flags = `--chrome-flags=${chromiumArguments.join(" ")}`;
  await promisify(execFile)(
    "npm",
    ["exec", "--yes", `--package=${LIGHTHOUSE}`, "--", "lighthouse", address, ...options, flags],
    { env: { ...process.env, CHROME_PATH: chromiumPath } },
  );
  return JSON.parse(readFileSync(path, "utf8")) as Report;
}

test.skipIf(!hasChromium)("Lighthouse gives 95 or more in each category", async () => {
  const folder = mkdtempSync(join(tmpdir(), "subbyte-lighthouse-"));
  const server = await startServer({ models: join(import.meta.dirname, "../../../models"), port: 0, log: false });
  try {
    const reports: Report[] = [];
    for (let i = 0; i < 3; i++) reports.push(await audit(`${server.url}/`, join(folder, `${i}.json`)));
    const scores = Object.fromEntries(
      Object.keys(reports[0]!.categories).map((name) => [
        name,
        median(reports.map(({ categories }) => 100 * categories[name]!.score)),
      ]),
    );
    const speed = median(reports.map(({ environment }) => environment.benchmarkIndex));
    console.info(scores, `benchmark index ${speed}`);
    expect(Object.keys(scores).sort()).toEqual(["accessibility", "best-practices", "performance", "seo"]);
    for (const [name, score] of Object.entries(scores))
      if (name !== "performance" || speed >= 1000) expect(score, name).toBeGreaterThanOrEqual(95);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
