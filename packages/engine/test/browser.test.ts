import { expect, test } from "vitest";
import { bundleForBrowser } from "./bundle.js";

test("the engine bundles for a browser: its own files only, nothing of Node", async () => {
  const { script, inputs, externals } = await bundleForBrowser();
  expect(externals).toEqual([]);
  expect(inputs.filter((path) => !path.includes("packages/engine/"))).toEqual([]);
  expect(script).not.toMatch(/\brequire\(|["']node:|\bprocess\.|\bBuffer\b/);
});
