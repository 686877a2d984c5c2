import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const compiler = join(import.meta.dirname, "../../../node_modules/typescript/bin/tsc");

test.each([
  ["node.mts", ["--module", "nodenext", "--lib", "es2023", "--types", "node"]],
  [
    "browser.mts",
    ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2023,dom,dom.iterable", "--types", ""],
  ],
])("the package's declarations are whole for %s, library checks included", async (file, options) => {
  const checks = ["--noEmit", "--ignoreConfig", "--strict", "--target", "es2023", "--skipLibCheck", "false"];
  const path = join(import.meta.dirname, "consumers", file);
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, ...checks, ...options, path]).catch(
    (error: { readonly stdout: string }) => error,
  );
  expect(stdout).toBe("");
});
