/** A page: what `classify` takes are the DOM's own types. */
import { decodeImage, load } from "@subbyte/engine";

const model = await load(new URL("model.sbq", location.href));
const bitmap: ImageBitmap = await decodeImage(new Blob([]));
const { video, canvas } = { video: document.createElement("video"), canvas: document.createElement("canvas") };
for (const image of [bitmap, new Image(), new ImageData(1, 1), new VideoFrame(video), video, canvas, new Blob([])])
  await model.classify(image);
export const probability: number | undefined = (await model.classify([bitmap, new Image()]))[0]?.[0]?.probability;
