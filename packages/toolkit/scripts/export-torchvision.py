"""Writes networks of torchvision as ONNX files, with random weights and batch-norm statistics set by some forward passes.

    export-torchvision.py FOLDER --opset 13 --batch free --size 128 resnet18 regnet_y_400mf …

Each file is FOLDER/NAME.onnx, with pixels of 0…1 after torchvision's normalization as input. Needs PyTorch and
torchvision, on Debian python3-torch and python3-torchvision.
"""

import argparse
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


def export(name, folder, opset, batch, size):
    torch.manual_seed(0)
    model = build(name, size)
    set_statistics(model, size)
    axes = {"input": {0: "batch"}, "logits": {0: "batch"}} if batch == "free" else {}
    torch.onnx.export(
        model,
        torch.randn(1, 3, size, size),
        os.path.join(folder, f"{name}.onnx"),
        opset_version=opset,
        input_names=["input"],
        output_names=["logits"],
        dynamic_axes=axes,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder")
    parser.add_argument("names", nargs="+")
    parser.add_argument("--opset", type=int, default=13)
    parser.add_argument("--batch", choices=["free", "fixed"], default="free")
    parser.add_argument("--size", type=int, default=128)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    for name in options.names:
        export(name, options.folder, options.opset, options.batch, options.size)
        print(name, flush=True)


if __name__ == "__main__":
    main()
