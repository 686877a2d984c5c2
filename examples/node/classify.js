// Classifies pictures: node classify.js MODEL.sbq PICTURE…
import { readFile } from "node:fs/promises";
import { load } from "@subbyte/engine";
import sharp from "sharp";

const [modelPath, ...picturePaths] = process.argv.slice(2);
const model = await load(await readFile(modelPath));

for (const path of picturePaths) {
  // Any decoder will do. The engine resizes and crops as the model's file says.
  const { data, info } = await sharp(path).rotate().removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const picture = { data, width: info.width, height: info.height, channels: info.channels };
  const [best] = await model.classify(picture, { topK: 1 });
  console.log(`${path}: ${best.label} (${(100 * best.probability).toFixed(1)} %)`);
}

model.dispose();
