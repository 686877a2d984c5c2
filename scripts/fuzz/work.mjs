/**
 * The process of a target: runs one case after another and writes to descriptor 3 before and after each; or saves the input of
 * one case.
 */
import { writeSync } from "node:fs";

const { bundle, folder, seed, save, endsAt, most, faults: allowed } = JSON.parse(process.argv[2]);
let faults = allowed;
const tell = (message) => writeSync(3, `${JSON.stringify(message)}\n`);

const open = (await import(bundle)).default;
const target = await open(folder);
if (save !== undefined) {
  await target.save?.(seed, save);
  process.exit(0);
}
for (let at = seed; at < seed + most && (at === seed || Date.now() < endsAt); at++) {
  tell({ begin: at });
  const begun = process.cpuUsage();
  let told;
  try {
    told = { outcome: await target.run(at) };
  } catch (error) {
    told = { problem: String(error?.stack ?? error).slice(0, 2000) };
  }
  const { user, system } = process.cpuUsage(begun);
  tell({ ...told, ms: (user + system) / 1000 });
  if (told.problem !== undefined && --faults === 0) break;
}
process.exit(0);
