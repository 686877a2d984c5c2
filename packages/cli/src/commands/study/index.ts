/** @file `subbyte study …`: plans, does and watches the runs of a comparison, and collects their results. */

import type { CommandDefinition } from "../../command.js";
import { merge } from "./merge.js";
import { plan } from "./plan.js";
import { report } from "./report.js";
import { run } from "./run.js";
import { status } from "./status.js";
import { submit } from "./submit.js";

export const study: readonly CommandDefinition[] = [plan, run, status, submit, merge, report];
