/** Descriptions of the targets; each is a file in targets/. */
export const targets = {
  sbq: "a .sbq file with fields, data and bytes changed; what is accepted runs, on the reference and on the kernels alike",
  onnx: "an ONNX file with nodes, attributes, tensors and bytes changed, imported as a classifier",
  checkpoints: "PyTorch checkpoints, safetensors and our own checkpoints, with opcodes, headers and bytes changed",
  archives: "tar archives and folders of images, with headers, names, links and bytes changed",
  texts: "studies, configurations, policies and lists of labels, with lines, values and bytes changed",
  images: "images of all formats with bytes changed, cut or swapped",
  "engine-api": "every function of the engine with arguments of every kind",
  server: "requests over HTTP and gRPC with every part changed",
};
