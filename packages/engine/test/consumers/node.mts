/** A program in Node: no DOM among its types. */
import { load, type Model } from "@subbyte/engine";

const model: Model = await load("model.sbq", { threads: 2 });
const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 };
const best: string | undefined = (await model.classify(image))[0]?.label;
const logits: Float32Array = await model.run(image.data);

export { best, logits };
