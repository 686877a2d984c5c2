/** @file Views for one kind of networks. */

import { useEffect } from "preact/hooks";
import type { Family } from "../catalog/types.js";
import { chooseFamily, families, family } from "./catalog.js";

/** Shows a family of this kind; `"none"` where there is none, `"changing"` until it is on show. */
export function useFamilyOf(kind: Family["kind"]): "shown" | "changing" | "none" {
  const available = families.value.find((each) => each.kind === kind);
  const fits = family.value?.kind === kind;
  useEffect(() => {
    if (!fits && available !== undefined) chooseFamily(available.id);
  }, [fits, available]);
  return fits ? "shown" : available === undefined ? "none" : "changing";
}
