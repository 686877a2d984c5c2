/** @file Models that a visitor drops on the page. They are read here and sent nowhere. */

import { signal } from "@preact/signals";
import type { ModelInfo, Preprocessing } from "@subbyte/engine";
import type { CatalogModel, Family } from "../catalog/types.js";
import { sha256Of } from "../runtime/store.js";
import { addFamily, families } from "./catalog.js";

/** A float file that waits until the visitor says how images are prepared, because the file does not. */
export const waitingFloat = signal<File | undefined>(undefined);
export const ownFailure = signal<string | undefined>(undefined);

const ownId = "own";

export async function addOwn(file: File): Promise<void> {
  ownFailure.value = undefined;
  try {
    if (file.name.endsWith(".onnx")) waitingFloat.value = file;
    else await addSbq(file);
  } catch (error) {
    ownFailure.value = `${file.name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function addSbq(file: File): Promise<void> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { inspect } = await import("@subbyte/engine");
  const info = inspect(bytes);
  const [accuracy] = Object.values(info.provenance.accuracy ?? {});
  add(
    {
      id: file.name.replace(/\.sbq$/, ""),
      bits: Math.round(info.weightBits),
      format: "sbq",
      file,
      bytes: file.size,
      ...(await hash(bytes)),
      ...(accuracy === undefined ? {} : { accuracy }),
    },
    info,
  );
}

export async function addFloat(file: File, preprocessing: Preprocessing): Promise<void> {
  const { channels, height, width } = preprocessing;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const model = {
    id: file.name.replace(/\.onnx$/, ""),
    bits: 32,
    format: "onnx",
    file,
    bytes: file.size,
    description: { preprocessing },
    ...(await hash(bytes)),
  } as const;
  add(model, { inputShape: [channels, height, width] });
  waitingFloat.value = undefined;
}

const hash = async (bytes: Uint8Array): Promise<{ readonly sha256?: string }> => {
  const sha256 = await sha256Of(bytes);
  return sha256 === undefined ? {} : { sha256 };
};

/** Adds a model to the list. The visitor's own models that take the same images are shown side by side. */
function add(model: Omit<CatalogModel, "familyId">, { inputShape }: Pick<ModelInfo, "inputShape">): void {
  const [channels, height, width] = inputShape;
  const id = `${ownId}-${inputShape.join("x")}`;
  const known = families.value.find((family) => family.id === id);
  const models = [...(known?.models.filter((each) => each.id !== model.id) ?? []), { ...model, familyId: id }];
  const family: Family = {
    id,
    title: "Your models",
    classes: `${width} × ${height} pixels, ${channels === 1 ? "grey" : "colour"}; never sent anywhere`,
    kind: channels === 1 && height === 28 ? "digits" : "photos",
    samples: [],
    models: models.sort((a, b) => b.bits - a.bits || a.id.localeCompare(b.id)),
  };
  addFamily(family);
}
