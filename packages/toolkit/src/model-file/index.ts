export { describeImages, describeModel, type ImageDescription, type ModelDescription } from "./description.js";
export { composedNormalization, outerNormalization } from "./file-normalization.js";
export { importNotes } from "./import-notes.js";
export { type ListedFamily, type ListedModel, modelList } from "./model-list.js";
export {
  type CalibratedModel,
  type FloatModel,
  interfaceOf,
  modelBytes,
  type OpenedModel,
  type OpenModelOptions,
  openModel,
  type QuantizedModel,
} from "./open-model.js";
