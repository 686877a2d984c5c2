"""Writes torchvision-logits.json: what torchvision's models answer with weights and images that a formula gives."""

import json
import pathlib

import numpy
import torch
import torchvision


def hashed(stream: int, count: int) -> numpy.ndarray:
    """Numbers in [0, 1), the same in forward.test.ts: Wellons' lowbias32 of the index and the stream."""
    h = numpy.arange(1, count + 1, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1)
    h ^= numpy.uint32((stream + 1) * 0x85EBCA6B % 2**32)
    h ^= h >> 16
    h *= numpy.uint32(0x7FEB352D)
    h ^= h >> 15
    h *= numpy.uint32(0x846CA68B)
    h ^= h >> 16
    return h / 2.0**32


def fill(model: torch.nn.Module) -> None:
    state = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    for stream, (name, tensor) in enumerate(state.items()):
        u = hashed(stream, tensor.numel())
        if tensor.ndim > 1:
            values = (2 * u - 1) * (6 / tensor[0].numel()) ** 0.5
        elif name.endswith(("weight", "running_var")):
            values = 0.5 + u
        else:
            values = u - 0.5
        tensor.copy_(torch.from_numpy(values.astype(numpy.float32)).reshape(tensor.shape))


CLASSES, BATCH, SIZE, IMAGE_STREAM = 10, 2, 64, 1000
torch.set_num_threads(1)
logits = {}
with torch.no_grad():
    images = hashed(IMAGE_STREAM, BATCH * 3 * SIZE * SIZE).astype(numpy.float32) - numpy.float32(0.5)
    for name in ["resnet18", "resnet50", "mobilenet_v2"]:
        model = getattr(torchvision.models, name)(num_classes=CLASSES).eval()
        fill(model)
        answer = model(torch.from_numpy(images).reshape(BATCH, 3, SIZE, SIZE))
        logits[name] = [float(f"{value:.8g}") for value in answer.flatten().tolist()]
target = pathlib.Path(__file__).with_suffix(".json")
header = {"command": f"python3 {target.stem}.py", "torchvision": torchvision.__version__}
target.write_text(json.dumps(header | {"logits": logits}) + "\n")
