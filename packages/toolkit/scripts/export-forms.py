"""Writes small networks as PyTorch exports them, one for each way in which people write a part of a classifier.

    export-forms.py FOLDER residual:7 residual:17 silu:13 …

Each word is FORM:OPSET, and its file FOLDER/FORM-OPSET.onnx. Weights are random and batch-norm statistics set by some
forward passes. `second-file` needs the package onnx too (python3-onnx on Debian), the others PyTorch and torchvision.
"""

import os
import sys
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops.misc import SqueezeExcitation

SIZE = 16
CLASSES = 10


def convolution(channels=8, activation=None, inputs=3):
    return nn.Sequential(
        nn.Conv2d(inputs, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), activation or nn.ReLU()
    )


def head(channels=8):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))


def with_activation(activation):
    return nn.Sequential(convolution(8, activation), convolution(8, activation, 8), head())


class Written(nn.Module):
    """A stem, what `body` says in between, and a linear layer."""

    def __init__(self, body, features=8, **modules):
        super().__init__()
        self.stem = convolution()
        self.body = body
        self.fc = nn.Linear(features, CLASSES)
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        return self.fc(self.body(self, self.stem(x)))


class Before(nn.Module):
    """What `change` does to the image, in front of a network."""

    def __init__(self, change):
        super().__init__()
        self.change = change
        self.network = nn.Sequential(convolution(), head())
        self.register_buffer("mean", torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1))

    def forward(self, x):
        return self.network(self.change(self, x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(convolution(8), nn.MaxPool2d(3, 2, 1))
        self.first = convolution(8, inputs=8)
        self.second = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.stem(x)
        x = F.relu(x + self.second(self.first(x)))
        return self.fc(self.drop(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)))


class ConcatenatedPools(nn.Module):
    def forward(self, x):
        return torch.cat([F.adaptive_max_pool2d(x, 1), F.adaptive_avg_pool2d(x, 1)], 1)


def fastai():
    return nn.Sequential(
        *[convolution(), ConcatenatedPools(), nn.Flatten(), nn.BatchNorm1d(16), nn.Dropout(0.25)],
        *[nn.Linear(16, 12, bias=False), nn.ReLU(), nn.BatchNorm1d(12), nn.Dropout(0.5)],
        nn.Linear(12, CLASSES, bias=False),
    )


class LayerScale(nn.Module):
    def __init__(self):
        super().__init__()
        self.gamma = nn.Parameter(torch.rand(8, 1, 1) + 0.5)

    def forward(self, x):
        return x * self.gamma


class FakeQuantized(nn.Module):
    """As a network prepared by `torch.ao.quantization.prepare_qat` is exported: weights per channel, activations per tensor."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(8, CLASSES)

    @staticmethod
    def weight(weight):
        scale = weight.detach().flatten(1).abs().amax(1) / 127
        zeros = torch.zeros(len(scale), dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -128, 127)

    @staticmethod
    def activation(x, scale, zero_point):
        return torch.fake_quantize_per_tensor_affine(x, scale, zero_point, 0, 255)

    def forward(self, x):
        x = self.activation(x, 4.8 / 255, 113)
        x = F.relu(F.conv2d(x, self.weight(self.conv.weight), self.conv.bias, padding=1))
        x = self.activation(x, 2 / 255, 0)
        x = self.activation(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1), 1 / 255, 0)
        return self.activation(F.linear(x, self.weight(self.fc.weight), self.fc.bias), 2 / 255, 128)


def pooled(x):
    return torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)


FORMS = {
    "residual": Residual,
    "residual-fixed": Residual,
    "initializers-as-inputs": Residual,
    "unfolded": Residual,
    "second-file": Residual,
    "double": Residual,
    # Functions of one value.
    "relu6": lambda: with_activation(nn.ReLU6()),
    "leaky-relu": lambda: with_activation(nn.LeakyReLU(0.1)),
    "prelu": lambda: with_activation(nn.PReLU(8)),
    "prelu-one": lambda: with_activation(nn.PReLU()),
    "silu": lambda: with_activation(nn.SiLU()),
    "gelu": lambda: with_activation(nn.GELU()),
    "gelu-tanh": lambda: with_activation(nn.GELU(approximate="tanh")),
    "mish": lambda: with_activation(nn.Mish()),
    "elu": lambda: with_activation(nn.ELU()),
    "celu": lambda: with_activation(nn.CELU(0.5)),
    "selu": lambda: with_activation(nn.SELU()),
    "softplus": lambda: with_activation(nn.Softplus()),
    "softsign": lambda: with_activation(nn.Softsign()),
    "hardswish": lambda: with_activation(nn.Hardswish()),
    "hardsigmoid": lambda: with_activation(nn.Hardsigmoid()),
    "hardtanh": lambda: with_activation(nn.Hardtanh()),
    "sigmoid": lambda: with_activation(nn.Sigmoid()),
    "tanh": lambda: with_activation(nn.Tanh()),
    "hardswish-by-relu6": lambda: Written(lambda m, x: pooled(x * F.relu6(x + 3) / 6)),
    "clamps": lambda: Written(lambda m, x: pooled(m.conv(x.clamp(min=0.1)).clamp(0, 4)), conv=nn.Conv2d(8, 8, 3)),
    # Products and factors.
    "squeeze-excitation": lambda: nn.Sequential(convolution(), SqueezeExcitation(8, 4), head()),
    "squeeze-excitation-hard": lambda: nn.Sequential(
        convolution(), SqueezeExcitation(8, 4, scale_activation=nn.Hardsigmoid), head()
    ),
    "layer-scale": lambda: nn.Sequential(convolution(), LayerScale(), convolution(inputs=8), head()),
    # Ends.
    "fastai-head": fastai,
    "means": lambda: Written(lambda m, x: x.mean(3).mean(2)),
    "mean-of-both": lambda: Written(lambda m, x: x.mean([2, 3])),
    "squeezes": lambda: Written(lambda m, x: F.adaptive_avg_pool2d(x, 1).squeeze(3).squeeze(2)),
    "maxima": lambda: Written(lambda m, x: torch.amax(x, (2, 3)) + F.max_pool2d(x, SIZE).flatten(1)),
    "view-of-size": lambda: Written(lambda m, x: F.max_pool2d(x, 8).view(x.size(0), -1), features=32),
    "view-of-one-fixed": lambda: Written(lambda m, x: F.max_pool2d(x, 8).view(1, -1), features=32),
    "convolution-as-head": lambda: nn.Sequential(
        convolution(), nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, CLASSES, 1), nn.Softmax(1)
    ),
    "log-softmax": lambda: nn.Sequential(convolution(), head(), nn.LogSoftmax(1)),
    "average-with-ceiling": lambda: nn.Sequential(
        convolution(), nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False), convolution(inputs=8), head()
    ),
    "zero-padding": lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 8, 3, 2), nn.ReLU6(), head()),
    # Beginnings.
    "normalization": lambda: Before(lambda m, x: (x - m.mean) / m.std),
    "bytes-channels-last": lambda: Before(lambda m, x: x.permute(0, 3, 1, 2).float() / 255),
    "bgr-by-index": lambda: Before(lambda m, x: x[:, [2, 1, 0]]),
    "bgr-by-flip": lambda: Before(lambda m, x: x.flip(1)),
    "bgr-by-concatenation": lambda: Before(lambda m, x: torch.cat([x[:, 2:3], x[:, 1:2], x[:, 0:1]], 1)),
    "flat": lambda: nn.Sequential(
        nn.Linear(784, 32, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, CLASSES)
    ),
    "fake-quantized": FakeQuantized,
    # Refused.
    "layer-norm": lambda: nn.Sequential(convolution(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(8), nn.Linear(8, CLASSES)),
    "group-norm": lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.ReLU(), head()),
    "instance-norm": lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8), nn.ReLU(), head()),
    "local-response-norm": lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.LocalResponseNorm(5), head()),
    "upsampling": lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.Upsample(scale_factor=2, mode="bilinear"), head()),
    "transposed-convolution": lambda: nn.Sequential(nn.ConvTranspose2d(3, 8, 2, 2), nn.ReLU(), head()),
}


def image_for(form):
    if form == "bytes-channels-last":
        return torch.randint(0, 256, (8, SIZE, SIZE, 3), dtype=torch.uint8)
    if form == "flat":
        return torch.randn(8, 784)
    image = torch.randn(8, 3, SIZE, SIZE)
    return 64 * image + 128 if form == "normalization" else image.double() if form == "double" else image


def export(form, opset, folder):
    torch.manual_seed(1)
    model = FORMS[form]()
    images = image_for(form)
    if form == "double":
        model = model.double()
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = None  # A plain average over all passes.
    model.train()
    if not form.endswith("-fixed"):
        with torch.no_grad():
            for _ in range(2):
                model(images)
    model.eval()
    path = os.path.join(folder, f"{form}-{opset}.onnx")
    torch.onnx.export(
        model,
        images[:1],
        path,
        opset_version=opset,
        input_names=["input"],
        output_names=["logits"],
        dynamic_axes={} if form.endswith("-fixed") else {"input": {0: "batch"}, "logits": {0: "batch"}},
        keep_initializers_as_inputs=form == "initializers-as-inputs",
        do_constant_folding=form != "unfolded",
    )
    if form == "second-file":
        import onnx

        onnx.save_model(onnx.load(path), path, save_as_external_data=True, location=f"{form}.data", size_threshold=0)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    folder, *words = sys.argv[1:]
    for word in words:
        form, opset = word.split(":")
        try:
            export(form, int(opset), folder)
            print(word, flush=True)
        except Exception as error:
            sys.exit(f"{word}: {error}")
