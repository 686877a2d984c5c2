/** The shortest example, installed from packed packages; `examples.all.test.ts` has the others. */

import { expect, test } from "vitest";
import { installExample, NotInstalled } from "./examples.js";

test("examples/node names what its pictures show", async ({ skip }) => {
  const example = await installExample("node").catch((error: unknown) => {
    if (error instanceof NotInstalled) return skip(`it could not be installed: ${error.message}`);
    throw error;
  });
  try {
    expect(await example.script("start")).toMatch(
      /chelsea\.jpg: cat \(\d+\.\d %\)\n.*rocket\.jpg: \w+ \(\d+\.\d %\)\n/,
    );
  } finally {
    example.remove();
  }
});
