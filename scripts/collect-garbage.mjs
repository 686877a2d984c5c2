/** Imported by each thread of a process that is measured: all of them collect their garbage when the process gets a SIGUSR2. */

import { Session } from "node:inspector";
import { isMainThread } from "node:worker_threads";

const session = new Session();
session.connect();
const collect = () => session.post("HeapProfiler.collectGarbage");
const channel = new BroadcastChannel("collect-garbage");
channel.onmessage = collect;
channel.unref();
if (isMainThread)
  process.on("SIGUSR2", () => {
    collect();
    channel.postMessage("");
  });
