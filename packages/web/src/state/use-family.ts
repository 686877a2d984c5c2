/** @file Lets a view show only one kind of networks. */

import { useEffect } from "preact/hooks";
import type { Family } from "../catalog/types.js";
import { family, kindOnShow } from "./catalog.js";

/**
 * Shows a family of this kind while the view is open, whatever other views show. Returns whether there is such a
 * family.
 */
export function useFamilyOf(kind: Family["kind"]): "shown" | "changing" | "none" {
  useEffect(() => {
    kindOnShow.value = kind;
    return () => {
      kindOnShow.value = undefined;
    };
  }, [kind]);
  if (kindOnShow.value !== kind) return "changing";
  return family.value === undefined ? "none" : "shown";
}
