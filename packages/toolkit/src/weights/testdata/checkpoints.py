"""
Writes files beside this one: zip.pt and legacy.pt, the same small checkpoint in both formats of torch.save; script.pt, what a training script
keeps beside the weights.
"""

import argparse
import collections
import datetime
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

network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
optimizer = torch.optim.Adam(network.parameters())
network(torch.ones(1, 1, 4, 4)).sum().backward()
optimizer.step()
script = {
    "epoch": 3,
    "best_acc1": torch.tensor(91.2),
    "when": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    "path": pathlib.PurePosixPath("/data"),
    "scores": numpy.arange(3.0),
    "optimizer": optimizer.state_dict(),
    "ema": {f"module.{name}": value for name, value in network.state_dict().items()},
}
torch.save(script, here / "script.pt")
