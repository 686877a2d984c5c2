/** @file The fastest tier of this machine. */

import { supportedTier } from "../wasm/modules.js";
import type { TierName } from "./host.js";

export function bestTier(): TierName {
  try {
    return supportedTier();
  } catch {
    return "scalar";
  }
}
