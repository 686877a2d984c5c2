/** The page's own script: it imports only the engine, and leaves what it finds on the global `outcome`. */
import { decodeImage, load } from "@subbyte/engine";

async function run() {
  const progress = [];
  const model = await load("/model.sbq", { onProgress: (step) => progress.push(step), ...globalThis.loadOptions });
  const blob = await (await fetch("/image.png")).blob();
  const bitmap = await decodeImage(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const images = { blob, bitmap, canvas, pixels, frame: new VideoFrame(bitmap, { timestamp: 0 }) };
  if (globalThis.document) images.element = Object.assign(new Image(), { src: "/image.png" }); // still loading
  const { tier, runsOn, threads, fallback } = model;
  const predictions = {};
  for (const [kind, image] of Object.entries(images)) predictions[kind] = await model.classify(image, { topK: 10 });
  const translucent = { blob: await (await fetch("/translucent.png")).blob() };
  translucent.bitmap = await decodeImage(translucent.blob);
  for (const [kind, image] of Object.entries(translucent))
    translucent[kind] = await model.classify(image, { topK: 10 });
  const batch = await model.classify([bitmap, pixels], { topK: 10 });
  const logits = [...(await model.run(new Uint8Array(await (await fetch("/images.rgb")).arrayBuffer())))];
  const refused = await model.run(new Uint8Array(1)).catch((error) => error.name);
  const profiled = (await model.profile(1)).length;
  model.dispose();
  return {
    isolated: globalThis.crossOriginIsolated,
    progress: progress.at(-1),
    ...{
      tier,
      runsOn,
      threads,
      fallback: fallback?.message,
      predictions,
      translucent,
      batch,
      logits,
      refused,
      profiled,
    },
  };
}

globalThis.outcome = run().catch((error) => ({ error: String(error.stack) }));
