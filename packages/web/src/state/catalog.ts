/** @file Which models there are, and which of them are chosen. */

import { computed, signal } from "@preact/signals";
import { readIndex } from "../catalog/index-file.js";
import { familiesOf } from "../catalog/server-list.js";
import type { CatalogModel, Family } from "../catalog/types.js";
import { askServer } from "../runtime/server-api.js";
import { remembered } from "./remembered.js";

export type Loading = "loading" | "ready" | { readonly error: string };

export const families = signal<readonly Family[]>([]);
export const catalogState = signal<Loading>("loading");

const familyId = remembered<string>("family", "");
/** Ids of chosen models, by family. */
const chosenIds = signal<Readonly<Record<string, readonly string[]>>>({});

/** The kind of networks that is shown; set by views that are for one kind only. */
export const kindOnShow = signal<Family["kind"] | undefined>(undefined);

export const family = computed(() => {
  const fitting = families.value.filter(({ kind }) => kindOnShow.value === undefined || kind === kindOnShow.value);
  return fitting.find(({ id }) => id === familyId.value) ?? fitting[0];
});

/** Bit widths that are chosen at first: 8 as the reference, and a half and a quarter of it. */
const shownFirst = [8, 4, 2];

const initialChoice = ({ models }: Family): readonly string[] => {
  const shown = models.filter(({ bits }) => shownFirst.includes(bits));
  return (shown.length > 0 ? shown : models.slice(0, 1)).map(({ id }) => id);
};

/** Chosen models of the family on show, most bits first. */
export const chosen = computed((): readonly CatalogModel[] => {
  const current = family.value;
  if (current === undefined) return [];
  const ids = chosenIds.value[current.id] ?? initialChoice(current);
  return current.models.filter(({ id }) => ids.includes(id));
});

/** The model that others are compared with: float where it is chosen, else the one with the most bits. */
export const reference = computed(() => chosen.value[0]);

export const chooseFamily = (id: string): void => {
  familyId.value = id;
};

export function toggleModel(model: CatalogModel): void {
  const ids = chosen.value.map(({ id }) => id);
  const next = ids.includes(model.id) ? ids.filter((id) => id !== model.id) : [...ids, model.id];
  if (next.length > 0) chosenIds.value = { ...chosenIds.value, [model.familyId]: next };
}

/** Adds a visitor's own models, in families of their own, and shows them. */
export function addFamily(added: Family): void {
  families.value = [added, ...families.value.filter(({ id }) => id !== added.id)];
  familyId.value = added.id;
}

export const siblingsOf = (model: CatalogModel): readonly CatalogModel[] =>
  families.value.find(({ id }) => id === model.familyId)?.models ?? [model];

export async function loadCatalog(): Promise<void> {
  try {
    catalogState.value = "loading";
    families.value = await listedFamilies();
    catalogState.value = "ready";
  } catch (error) {
    catalogState.value = { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Reads the list beside the models, or asks a server, which needs no such list. */
async function listedFamilies(): Promise<readonly Family[]> {
  const address = new URL("models/index.json", location.href).href;
  const response = await fetch(address);
  if (response.ok) return readIndex(await response.json(), address);
  const models = await askServer();
  if (models === undefined) throw new Error(`${address} was answered with status ${response.status}`);
  return familiesOf(models.values(), location.href);
}
