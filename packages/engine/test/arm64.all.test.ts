/** The engine on an emulated arm64 processor, where the fused product reads bytes as signed ones (`scripts/arm64/emulator.mjs`). */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executedPerImage, missing, runOnArm64, withPlugin } from "../scripts/arm64/emulator.mjs";
import { mobilenetV2, resnet18, resnet20 } from "../scripts/networks.mjs";
import { writeSbq } from "../src/format/writer.js";

const why = missing();
if (why !== undefined) console.warn(`arm64 is not tested: ${why}`);

const script = join(import.meta.dirname, "../scripts/arm64/run-engine.mjs");
const tiers = ["scalar", "simd", "relaxed", "fused"];
/** Processes that share the cases of the kernels, so that 6 GB of memory are enough for each. */
const PARTS = 16;
let folder: string;

const rows = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe.skipIf(why !== undefined)("arm64", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "subbyte-arm64-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const networks = [
    { name: "ResNet-18", make: resnet18, size: 64 },
    { name: "ResNet-20", make: resnet20, size: 32 },
    { name: "MobileNet-v2", make: mobilenetV2, size: 96 },
  ];
  test.each(networks.flatMap((network) => [8, 4, 2].map((bits) => ({ ...network, bits }))))(
    "$name at $bits bits: every tier gives the logits of this machine",
    async ({ make, size, bits }) => {
      const file = join(folder, "network.sbq");
      writeFileSync(file, writeSbq(make({ weights: bits, activations: bits, size })));
      const [expected] = rows(execFileSync(process.execPath, [script, "simd", "1", file], { encoding: "utf8" }));
      const found = rows((await runOnArm64([script, [...tiers, "auto"].join(","), "1", file])).stdout);
      expect(found.map(({ tier }) => tier)).toEqual([...tiers, "fused"]);
      for (const { architecture, tier, logits } of found) {
        expect(architecture).toBe("arm64");
        expect(logits, String(tier)).toBe(expected!.logits);
      }
    },
  );

  test("the chosen tier multiplies by sdot", async () => {
    const file = join(folder, "network.sbq");
    writeFileSync(file, writeSbq(resnet20({ weights: 8, activations: 8 })));
    const { stderr } = await withPlugin((plugin) => runOnArm64(["--no-liftoff", script, "auto", "3", file], plugin));
    // 40.6 million multiply-adds, sixteen in each; Winograd's transforms save some, tiles that are not full cost some.
    expect(executedPerImage(stderr).at(-1)!.dots).toBeGreaterThan(40.6e6 / 16 / 2.25);
  });

  test("every kernel equals the reference", async () => {
    const bundle = join(folder, "matrix.mjs");
    await build({
      entryPoints: [join(import.meta.dirname, "arm64-matrix.ts")],
      alias: { vitest: join(import.meta.dirname, "expect.ts") },
      outfile: bundle,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node24",
      logLevel: "silent",
    });
    let total = 0;
    for (let part = 0; part < PARTS; part++) {
      const { stdout } = await runOnArm64([bundle, String(part), String(PARTS)]);
      const [{ tiers: ran, checked }] = rows(stdout) as [{ tiers: string[]; checked: number }];
      expect(ran).toEqual(["simd", "relaxed", "fused"]);
      total += checked;
    }
    expect(total).toBeGreaterThan(1000);
  });
});
