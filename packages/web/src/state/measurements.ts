/** @file Times measured on this device or on the server; they outlive the view that shows them. */

import { computed, signal } from "@preact/signals";
import type { CatalogModel } from "../catalog/types.js";
import { type Measurement, measure } from "../runtime/measure.js";
import { chosen, family } from "./catalog.js";
import { place } from "./place.js";

export interface Measuring {
  readonly step: string;
  readonly done: number;
  readonly of: number;
}

const measured = signal<ReadonlyMap<string, Measurement>>(new Map());
export const measuring = signal<Measuring | undefined>(undefined);
export const measuringFailure = signal<string | undefined>(undefined);

/** The numbers of timed runs per model that a visitor can choose. */
export const runsOnOffer = [10, 40, 200] as const;
export const runs = signal<number>(40);

/** Models for other runtimes that are measured too. */
const peerIds = signal<ReadonlySet<string>>(new Set());

export const isChosenPeer = ({ id }: CatalogModel): boolean => peerIds.value.has(id);

export function togglePeer(model: CatalogModel): void {
  const next = new Set(peerIds.value);
  if (!next.delete(model.id)) next.add(model.id);
  peerIds.value = next;
}

/** Other runtimes run in the browser only. */
export const peersOnOffer = computed(() => (place.value === "browser" ? (family.value?.peers ?? []) : []));

/** Runtimes to measure: the chosen bit widths, then other runtimes. */
export const contestants = computed(() => [...chosen.value, ...peersOnOffer.value.filter(isChosenPeer)]);

const keyOf = (model: CatalogModel): string => `${place.value}/${model.familyId}/${model.id}`;

export const measurementOf = (model: CatalogModel): Measurement | undefined => measured.value.get(keyOf(model));

let controller = new AbortController();

export const stopMeasuring = (): void => controller.abort();

export async function startMeasuring(): Promise<void> {
  controller = new AbortController();
  measuringFailure.value = undefined;
  measuring.value = { step: "starting", done: 0, of: 1 };
  const models = contestants.value;
  const keys = models.map(keyOf);
  try {
    const found = await measure(models, {
      where: place.value,
      runs: runs.value,
      signal: controller.signal,
      onStep: (step, done, of) => {
        measuring.value = { step, done, of };
      },
    });
    const next = new Map(measured.value);
    models.forEach((model, i) => {
      next.set(keys[i]!, found.get(model.id)!);
    });
    measured.value = next;
  } catch (error) {
    if (!controller.signal.aborted) measuringFailure.value = error instanceof Error ? error.message : String(error);
  }
  measuring.value = undefined;
}
