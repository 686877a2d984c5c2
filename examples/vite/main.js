import { load } from "@subbyte/engine";

const answer = document.querySelector("#answer");
try {
  // Vite finds the engine's worker and its WebAssembly by itself; nothing has to be configured.
  const model = await load("/model.sbq");
  const [best] = await model.classify(document.querySelector("img"), { topK: 1 });
  answer.textContent = `${best.label} (${(100 * best.probability).toFixed(1)} %)`;
} catch (error) {
  answer.textContent = error.message;
}
