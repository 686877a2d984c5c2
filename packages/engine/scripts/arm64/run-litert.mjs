/**
 * The same for a `.tflite` file in LiteRT.js, which is made for pages: the names that its script looks up there stand in for them.
 *
 *   node run-litert.mjs images file
 */
import { fdatasyncSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { devNull } from "node:os";
import { dirname } from "node:path";
import { runInThisContext } from "node:vm";

const require = createRequire(import.meta.url);
const script = require.resolve("@litertjs/core/wasm/litert_wasm_internal.js");
Object.assign(globalThis, {
  self: globalThis,
  require,
  __filename: script,
  __dirname: dirname(script),
  importScripts: (path) => runInThisContext(readFileSync(path, "utf8"), { filename: path }),
});
const { loadAndCompile, loadLiteRt, Tensor } = await import("@litertjs/core");

const [images, file] = process.argv.slice(2);
await loadLiteRt(script);
const model = await loadAndCompile(new Uint8Array(readFileSync(file)), {
  accelerator: "wasm",
  cpuOptions: { numThreads: 1 },
});
const shape = Array.from(model.getInputDetails()[0].shape);
const image = Uint8Array.from(
  { length: shape.reduce((product, size) => product * size, 1) },
  (_, i) => (i * 151) % 256,
);
const mark = openSync(devNull, "r");
for (let i = 0; i < Number(images); i++) {
  const input = new Tensor(image, shape);
  const [output] = await model.run(input);
  output.toTypedArray();
  input.delete();
  output.delete();
  try {
    fdatasyncSync(mark);
  } catch {
    // There is nothing to write, but the call was seen.
  }
}
process.exit(0);
