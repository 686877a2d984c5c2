"""Writes zip.pt and legacy.pt beside this file: the same small checkpoint in both formats of torch.save."""

import argparse
import collections
import pathlib

import numpy
import torch

base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
state = collections.OrderedDict(
    [
        ("base", base),
        ("transposed", base.t()),  # a view of the same storage
        ("corner", base[1:, 1::2]),  # with offset and stride
        ("expanded", torch.tensor([7.0, 8.0]).reshape(2, 1).expand(2, 3)),  # stride 0
        ("channels_last", torch.arange(16.0).reshape(1, 4, 2, 2).to(memory_format=torch.channels_last)),
        ("parameter", torch.nn.Parameter(torch.tensor([0.5, -0.25]))),
        ("scalar", torch.tensor(3.5)),
        ("empty", torch.zeros(0, 3)),
        ("half", torch.tensor([1.0, -2.5, 65504.0, 2.0**-24, float("inf")], dtype=torch.half)),
        ("bfloat16", torch.tensor([1.0, -3.140625, 1e38], dtype=torch.bfloat16)),
        ("double", torch.tensor([0.1, -1e300], dtype=torch.double)),
        ("int64", torch.tensor([-1, 2**40])),
        ("uint8", torch.tensor([0, 255], dtype=torch.uint8)),
        ("bool", torch.tensor([True, False])),
    ]
)
checkpoint = {
    "epoch": 3,
    "best": numpy.float64(0.5),
    "args": argparse.Namespace(lr=0.1, name="run"),
    "device": torch.device("cpu"),
    "size": base.size(),
    "large": 2**100,
    "history": [1.5, None, True, {"nested": ("tuple", 1, 2, 3)}],
    "state_dict": state,
    "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
}
here = pathlib.Path(__file__).parent
torch.save(checkpoint, here / "zip.pt")
torch.save(checkpoint, here / "legacy.pt", _use_new_zipfile_serialization=False)
