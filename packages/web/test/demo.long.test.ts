/** `npm run demo` as a visitor starts it, without the build. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
let demo: ChildProcess | undefined;
afterEach(() => demo?.kill());

/** What it says, until it names its address or ends. */
function start(...options: readonly string[]): Promise<string> {
  demo = spawn("node", ["packages/web/scripts/demo.mjs", "--port", "0", ...options], { cwd: root });
  let text = "";
  return new Promise((resolve) => {
    demo!.stderr!.on("data", (data) => {
      text += data;
    });
    demo!.stdout!.on("data", (data) => {
      text += data;
      if (text.includes("\n")) resolve(text);
    });
    demo!.on("exit", () => resolve(text));
  });
}

test.each([
  { from: "the server", options: [] },
  { from: "a plain file server", options: ["--static"] },
])("it prints an address that answers with the page, from $from", async ({ options }) => {
  const [address] = /http:\S+/.exec(await start(...options))!;
  expect(await (await fetch(address)).text()).toContain('<div id="app">');
  const { families } = await (await fetch(`${address}/models/index.json`)).json();
  expect(families.length).toBeGreaterThan(0);
  const isolated = (await fetch(address)).headers.get("cross-origin-embedder-policy");
  expect(isolated).toBe("require-corp");
});

test("a folder that is not there is named", async () => {
  expect(await start("no/such/folder")).toContain("no/such/folder: there is no such folder");
});
