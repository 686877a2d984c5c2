"""Writes networks of torchvision as ONNX files, with random weights and batch-norm statistics set by some forward passes.

    export-torchvision.py FOLDER --size 128 resnet18:13:free resnet18:17:fixed …

Each word is NAME:OPSET:BATCH, and its file FOLDER/NAME-OPSET-BATCH.onnx, with pixels of 0…1 after torchvision's
normalization as input. Needs PyTorch and torchvision, on Debian python3-torch and python3-torchvision.
"""

import argparse
import functools
import os
import warnings

import torch
import torchvision

# Published weights of these two want it, and have no auxiliary heads when evaluated.
PUBLISHED_FORM = {"googlenet", "inception_v3"}
CLASSES = 10


def build(name, size):
    options = {"weights": None, "num_classes": CLASSES}
    if name in PUBLISHED_FORM:
        options |= {"transform_input": True, "aux_logits": False, "init_weights": True}
    if name.startswith("vit"):
        options["image_size"] = size
    return getattr(torchvision.models, name)(**options)


def set_statistics(model, size):
    """Lets every batch normalization see activations: a network of the initial ones would be all but constant."""
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = None  # A plain average over all passes.
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(8, 3, size, size))
    model.eval()


@functools.lru_cache(maxsize=1)
def network(name, size):
    torch.manual_seed(0)
    model = build(name, size)
    set_statistics(model, size)
    return model


def export(folder, size, name, opset, batch):
    axes = {"input": {0: "batch"}, "logits": {0: "batch"}} if batch == "free" else {}
    torch.onnx.export(
        network(name, size),
        torch.zeros(1, 3, size, size),
        os.path.join(folder, f"{name}-{opset}-{batch}.onnx"),
        opset_version=int(opset),
        input_names=["input"],
        output_names=["logits"],
        dynamic_axes=axes,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder")
    parser.add_argument("words", nargs="+", metavar="NAME:OPSET:BATCH")
    parser.add_argument("--size", type=int, default=128)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    for word in options.words:
        export(options.folder, options.size, *word.split(":"))
        print(word, flush=True)


if __name__ == "__main__":
    main()
