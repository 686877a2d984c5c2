/** Opens the page with a folder of models: `npm run demo`, `npm run demo -- quickstart/models --port 8080`. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { port: { type: "string", default: "8017" }, static: { type: "boolean", default: false } },
  allowPositionals: true,
});
const [models = "models"] = positionals;
if (!existsSync(models)) {
  console.error(`${models}: there is no such folder; "npm run quickstart" makes quickstart/models.`);
  process.exit(2);
}

/** The server, which runs models too; or a plain file server, as any host of static files is. */
async function start(options) {
  if (values.static) return (await import("./static-server.mjs")).serveStatic({ ...options, isolated: true });
  const { startServer } = await import("@subbyte/server");
  const { url } = await startServer({ ...options, log: false });
  return { origin: url };
}

const { origin } = await start({ models: resolve(models), port: Number(values.port) });
console.log(`${origin}  the page with the models in ${models}; Ctrl+C ends it`);
