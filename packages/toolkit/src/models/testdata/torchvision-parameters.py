"""Writes torchvision-parameters.json: parameter counts of torchvision's models; of some, names and shapes in order."""

import json
import pathlib

import torchvision

WITH_NAMES = {"resnet18", "resnet50", "mobilenet_v2"}

target = pathlib.Path(__file__).with_suffix(".json")
models = {}
for name in ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "mobilenet_v2"]:
    model = getattr(torchvision.models, name)()
    models[name] = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }
    if name in WITH_NAMES:
        models[name]["state"] = " ".join(
            key + ":" + "x".join(map(str, value.shape))
            for key, value in model.state_dict().items()
            if not key.endswith("num_batches_tracked")
        )
header = {"command": f"python3 {target.stem}.py", "torchvision": torchvision.__version__}
target.write_text(json.dumps(header | {"models": models}, indent=1) + "\n")
