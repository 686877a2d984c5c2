/**
 * @file The tasks of `@subbyte/toolkit/tasks`: functions that the command line, servers and pages call. A task takes options,
 * emits one stream of events, can be stopped by an `AbortSignal`, and returns a typed result. It writes the files that its
 * options name, prints nothing, reads no environment variable, and shares nothing with another task.
 */

export { ImageCache } from "../data/cache.js";
export { checkWritable, writeFileAtomic } from "../files.js";
export type { FloatFigures, QatFigures, QatStage } from "../report/qat-result.js";
export { commandLine } from "../shell.js";
export {
  type BenchResult,
  bench,
  type EngineBenchResult,
  type ProfileResult,
  type TrainingBenchResult,
  type TrainingProfileResult,
} from "./bench.js";
export type { AgainstResult, FileTime } from "./bench-against.js";
export type { ModelBenchResult, ThreadsTime } from "./bench-model.js";
export { type ClassifiedImage, type ClassifyResult, classifyImages } from "./classify.js";
export { type CompareResult, compareModels } from "./compare.js";
export type { Conditions } from "./conditions.js";
export { type DownloadResult, downloadData } from "./download.js";
export { type EvaluateResult, evaluateModel } from "./evaluate.js";
export type * from "./events.js";
export type { PassExplanation } from "./explain.js";
export { type ExportResult, exportModel } from "./export.js";
export {
  type FloatInspection,
  type FloatOperator,
  type Inspection,
  type IntegerInspection,
  type IntegerOperator,
  inspectModel,
} from "./inspect.js";
export { machine } from "./machine.js";
export { type QatTaskResult, trainQuantizedModel } from "./qat.js";
export { type QuantizeResult, quantizeModel } from "./quantize.js";
export type { QuantizedFigures, ShownImages } from "./quantized-figures.js";
export { type QuickstartTaskResult, quickstart } from "./quickstart.js";
export type { Run, Software, Task, TaskContext } from "./run.js";
export {
  mergeStudyRuns,
  planStudyRuns,
  runStudyRuns,
  type StudyMergeResult,
  type StudyPlanResult,
  type StudyStateResult,
  studyStatus,
} from "./study.js";
export { reportStudies, type StudyReportResult } from "./study-report.js";
export { type StudySubmitResult, submitStudy } from "./study-submit.js";
export { type TrainTaskResult, trainModel } from "./train.js";
