export type { Architecture, Stem } from "./architecture.js";
export { countMultiplyAdds, countParameters, multiplyAddsOfNodes, parameterNames, statisticsNames } from "./count.js";
export { architectures, buildModel, findArchitecture, type ModelOptions } from "./registry.js";
