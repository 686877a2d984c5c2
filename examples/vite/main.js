import { load } from "@subbyte/engine";

// Vite finds the engine's worker and its WebAssembly by itself; nothing has to be configured.
const model = await load("/model.sbq");
const [best] = await model.classify(document.querySelector("img"), { topK: 1 });
document.querySelector("#answer").textContent = `${best.label} (${(100 * best.probability).toFixed(1)} %)`;
