/** @file The tests of faults. How many of a command's calls fail in turn is all in which a quick check differs from a whole one. */

import { describe, expect, test } from "vitest";
import { callsToFail, faultAt, undisturbed } from "./faults.js";
import { scenarios } from "./scenarios.js";

/** Each call takes two runs of some seconds; a busy machine is no fault. */
const TIMEOUT_MS = 4 * 3_600_000;

/** @param most calls of each command and fault, spread evenly; all where absent */
export function checkFaults(most = Number.POSITIVE_INFINITY): void {
  describe.each(Object.entries(scenarios))("%s survives", (_, scenario) => {
    test.each(["full", "kill"] as const)("calls that write: %s", { timeout: TIMEOUT_MS }, async (how) => {
      const reference = await undisturbed(scenario);
      const calls = callsToFail(reference, how);
      expect(calls.length).toBeGreaterThan(5);
      const stride = Math.max(1, calls.length / most);
      const faults: string[] = [];
      // The two faults meet different calls.
      for (let i = how === "full" ? 0 : (stride - 1) / 2; i < calls.length; i += stride) {
        const fault = await faultAt(reference, calls[Math.floor(i)]!, how);
        if (fault !== undefined) faults.push(fault);
      }
      expect(faults).toEqual([]);
    });
  });
}
