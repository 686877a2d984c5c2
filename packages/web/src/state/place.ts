/** @file Where models run. */

import { signal } from "@preact/signals";
import { askServer, type ServerModels } from "../runtime/server-api.js";

export type Place = "browser" | "server";

export const place = signal<Place>("browser");

/** Models of the server that the page came from: `"unasked"` before it was asked, `"none"` if it only serves files. */
export const server = signal<ServerModels | "unasked" | "asking" | "none">("unasked");

/** Where the visitor wants models to run; `place` follows once the server has answered. */
export const wantedPlace = signal<Place>("browser");

/**
 * Switches to the server, if there is one. The server is asked only then, because a plain file server would log an error
 * at every visit.
 */
export async function goTo(where: Place): Promise<void> {
  wantedPlace.value = where;
  if (where === "server" && !(server.value instanceof Map)) {
    server.value = "asking";
    server.value = (await askServer()) ?? "none";
    if (server.value === "none") wantedPlace.value = "browser";
  }
  // The visitor may have chosen another place meanwhile.
  place.value = wantedPlace.value;
}
