/** @file The view that is shown, which the part of the address after "#" names. */

import { computed, effect, signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { ImagesView } from "../views/images-view.js";

interface View {
  readonly id: string;
  readonly title: string;
  /** Loads the view's code. The first view is part of the page; the others are fetched when they are opened. */
  readonly load: () => Promise<ComponentType>;
}

export const views: readonly View[] = [
  { id: "images", title: "Pictures", load: async () => ImagesView },
  { id: "draw", title: "Draw", load: async () => (await import("../views/draw-view.js")).DrawView },
  { id: "camera", title: "Camera", load: async () => (await import("../views/camera-view.js")).CameraView },
  { id: "compare", title: "Compare", load: async () => (await import("../views/compare-view.js")).CompareView },
  { id: "inside", title: "Inside", load: async () => (await import("../views/inside-view.js")).InsideView },
  { id: "stored", title: "Stored", load: async () => (await import("../views/stored-view.js")).StoredView },
];

const hash = signal(location.hash.slice(1));

addEventListener("hashchange", () => {
  const next = location.hash.slice(1);
  // This is the target of the skip link, not a view.
  if (next === "main") return;
  hash.value = next;
  scrollTo(0, 0);
});

export const route = computed(() => views.find(({ id }) => id === hash.value) ?? views[0]!);

export type LoadedView = ComponentType | "loading" | "failed";

const loaded = signal<ReadonlyMap<string, LoadedView>>(new Map([["images", ImagesView]]));

export const view = computed((): LoadedView => loaded.value.get(route.value.id) ?? "loading");

/** Fetches the view on show; one that failed is tried again. */
export async function loadView({ id, load } = route.value): Promise<void> {
  const say = (state: LoadedView) => {
    loaded.value = new Map(loaded.value).set(id, state);
  };
  if (typeof loaded.peek().get(id) === "function") return;
  say("loading");
  say(await load().catch(() => "failed" as const));
}

effect(() => {
  const current = route.value;
  void Promise.resolve().then(() => loadView(current));
});
