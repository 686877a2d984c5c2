/**
 * Runs `.sbq` files under the tiers of the engine, and prints a line of JSON for each pair. After each image it calls `fdatasync`, by which
 * `count-instructions.c` knows that an image is done.
 *
 *   node run-engine.mjs tier,tier images file…
 */
import { createHash } from "node:crypto";
import { fdatasyncSync, openSync, readFileSync } from "node:fs";
import { devNull } from "node:os";
import { load } from "../../dist/index.js";
import { fusedProduct } from "../../dist/wasm/fused-product.js";

const [tiers, images, ...files] = process.argv.slice(2);
const mark = openSync(devNull, "r");
for (const file of files)
  for (const tier of tiers.split(",")) {
    const model = await load(new Uint8Array(readFileSync(file)), { tier, worker: false });
    if (model.fallback !== undefined) throw model.fallback;
    const length = model.inputShape.reduce((product, size) => product * size, 1);
    const image = Uint8Array.from({ length }, (_, i) => (i * 151) % 256);
    let logits;
    for (let i = 0; i < Number(images); i++) {
      logits = await model.run(image);
      try {
        fdatasyncSync(mark);
      } catch {
        // There is nothing to write, but the call was seen.
      }
    }
    const hash = createHash("sha256").update(new Uint8Array(logits.slice().buffer)).digest("hex");
    const product = model.tier === "fused" ? { fusedProduct: fusedProduct() } : {};
    console.log(JSON.stringify({ architecture: process.arch, tier: model.tier, ...product, logits: hash }));
    model.dispose();
  }
