/** @file Where models run. */

import { signal } from "@preact/signals";
import { askServer, type ServerModels } from "../runtime/server-api.js";

export type Place = "browser" | "server";

export const place = signal<Place>("browser");

/** Models of the server that the page came from: not asked yet, or `"none"` where it only serves files. */
export const server = signal<ServerModels | "unasked" | "asking" | "none">("unasked");

/** Goes to the server, if there is one. It is asked when somebody wants it: a file server would log an error at every visit. */
export async function goTo(where: Place): Promise<void> {
  if (where === "server" && !(server.value instanceof Map)) {
    server.value = "asking";
    server.value = (await askServer()) ?? "none";
  }
  place.value = where === "server" && server.value instanceof Map ? "server" : "browser";
}
