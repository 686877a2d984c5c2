/** Opens the page with a folder of models: `npm run demo`, `npm run demo -- quickstart/models --port 8080`. */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { serveStatic } from "./static-server.mjs";

const { values, positionals } = parseArgs({
  options: { port: { type: "string", default: "8017" } },
  allowPositionals: true,
});
const [models = "models"] = positionals;
const { origin } = await serveStatic({ models: resolve(models), isolated: true, port: Number(values.port) });
console.log(`${origin}  the page with the models in ${models}; Ctrl+C ends it`);
