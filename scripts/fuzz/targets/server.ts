import { startServer } from "@subbyte/server";
import { fuzz } from "../../../packages/server/test/fuzz.js";
import { modelFolder, png, testModel } from "../../../packages/server/test/models.js";
import type { Target } from "./target.js";

/** Number of requests in one case. Each must be answered, and none with a status of 5xx. */
const REQUESTS = 10;

export default async (): Promise<Target> => {
  const server = await startServer({
    models: modelFolder({ "a.sbq": testModel(1) }),
    port: 0,
    grpcPort: 0,
    log: false,
    watch: false,
    page: false,
    workers: 1,
    maxWait: 3_600_000,
    requestTimeout: 240_000,
    maxPixels: 1e6,
    maxBodyBytes: 1e6,
    maxImages: 8,
  });
  const image = await png(1);
  return {
    run: async (seed) => {
      const [fault] = await fuzz(server, { seed, count: REQUESTS, image });
      if (fault !== undefined) throw new Error(`${fault.request}: ${fault.problem}`);
      await server.repository.load("a");
      return "accepted";
    },
  };
};
