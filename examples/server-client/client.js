// Asks a server that speaks the Open Inference Protocol: node client.js URL MODEL PICTURE
// Nothing here is special to Subbyte: Triton, KServe and MLServer answer the same requests.
import { readFile } from "node:fs/promises";
import sharp from "sharp";

const [url, model, path] = process.argv.slice(2);

async function ask(route, body) {
  const response = await fetch(`${url}/v2/${route}`, body && { method: "POST", body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

// What does the model take?
const { inputs } = await ask(`models/${model}`);
const [{ name, datatype, shape }] = inputs;
const [, channels, height, width] = shape;
console.log(`${model} takes ${name}: ${datatype} [${shape}]`);

// The network's input, [1, C, H, W], normalized as in training. (POST /classify does this on the server.)
const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];
const pixels = await sharp(await readFile(path))
  .resize(width, height, { kernel: "linear" })
  .removeAlpha()
  .raw()
  .toBuffer();
const data = Array.from({ length: channels }, (_, c) =>
  Array.from({ length: height * width }, (_, i) => (pixels[i * channels + c] / 255 - mean[c]) / std[c]),
).flat();

const request = { inputs: [{ name, datatype, shape: [1, channels, height, width], data }] };
const { outputs } = await ask(`models/${model}/infer`, request);
const logits = outputs[0].data;
const labels = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
console.log(`${path}: ${labels[logits.indexOf(Math.max(...logits))]}`);
