/** @file Which view is on show: the part of the address after "#". */

import { computed, signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { CameraView } from "../views/camera-view.js";
import { CompareView } from "../views/compare-view.js";
import { DrawView } from "../views/draw-view.js";
import { ImagesView } from "../views/images-view.js";
import { InsideView } from "../views/inside-view.js";
import { StoredView } from "../views/stored-view.js";

interface View {
  readonly id: string;
  readonly title: string;
  readonly View: ComponentType;
}

export const views: readonly View[] = [
  { id: "images", title: "Pictures", View: ImagesView },
  { id: "draw", title: "Draw", View: DrawView },
  { id: "camera", title: "Camera", View: CameraView },
  { id: "compare", title: "Compare", View: CompareView },
  { id: "inside", title: "Inside", View: InsideView },
  { id: "stored", title: "Stored", View: StoredView },
];

const hash = signal(location.hash.slice(1));

addEventListener("hashchange", () => {
  const next = location.hash.slice(1);
  // The skip link moves within a view.
  if (next === "main") return;
  hash.value = next;
  scrollTo(0, 0);
});

export const route = computed(() => views.find(({ id }) => id === hash.value) ?? views[0]!);
