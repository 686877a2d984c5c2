/** @file Runs a model on the server that the page came from. */

import type { CatalogModel } from "../catalog/types.js";
import { keptClasses } from "./predictions.js";
import { asImageData } from "./prepare.js";
import type { Runner, Subject } from "./runner.js";
import { askServer, classifyOnServer } from "./server-api.js";

export async function serverRunner({ id }: CatalogModel): Promise<Runner> {
  const model = (await askServer())?.get(id);
  if (model === undefined) throw new Error(`the server has no model "${id}", or is not there any more`);
  const { preprocessing } = model;
  if (preprocessing === null) throw new Error(`the server does not know how images are prepared for "${id}"`);
  return {
    preprocessing,
    async classify(subject, { signal } = {}) {
      const image = subject.file ?? (await asPng(subject));
      const begun = performance.now();
      const answer = await classifyOnServer(id, image, Math.min(keptClasses, model.classes ?? keptClasses), signal);
      return { ...answer, roundTripMs: performance.now() - begun };
    },
    dispose() {},
  };
}

async function asPng({ prepared }: Subject): Promise<Blob> {
  const canvas = new OffscreenCanvas(prepared.width, prepared.height);
  canvas.getContext("2d")!.putImageData(asImageData(prepared), 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
