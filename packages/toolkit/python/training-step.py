"""PyTorch's side of `subbyte bench --training`: builds the network that stands in the JSON file named on the command line, prints
PyTorch's version, and takes one training step for each line on stdin. A line of the step's milliseconds, on the clock and of all
threads together, goes to stdout.

The step is SGD with momentum on the mean cross-entropy of random images. FakeQuant nodes are PyTorch's own learnable ones.
"""

import json
import os
import sys
import time

# Waiting threads must not take cores from the other side's steps; OpenMP reads this when PyTorch loads it.
os.environ["OMP_WAIT_POLICY"] = "passive"
import torch
import torch.nn.functional as F


class Network:
    def __init__(self, description):
        self.nodes = description["nodes"]
        self.input, self.output = description["input"], description["output"]
        self.readers = {}
        for node in self.nodes:
            for name in node["inputs"]:
                self.readers[name] = self.readers.get(name, 0) + 1
        self.constants, self.parameters = {}, []
        for name, entry in description["tensors"].items():
            if "values" in entry:
                values = entry["values"]
                self.constants[name] = values if entry["dtype"] == "int64" else torch.tensor(values, dtype=torch.float32).reshape(entry["shape"])
                continue
            tensor = torch.randn(entry["shape"]) / max(1, torch.Size(entry["shape"][1:]).numel()) ** 0.5
            self.constants[name] = tensor
        for name, decay in description["parameters"].items():
            parameter = self.constants[name].clone().requires_grad_()
            self.constants[name] = parameter
            self.parameters.append({"params": [parameter], "weight_decay": decay})

    def __call__(self, images):
        values = {self.input: images}
        for node in self.nodes:
            read = [values[name] if name in values else self.constants.get(name) for name in node["inputs"]]
            values[node["output"]] = getattr(self, node["op"])(node, *read)
        return values[self.output]

    def Conv(self, node, x, weight, bias=None):
        a = node["attributes"]
        begins, ends = a["pads"][:2], a["pads"][2:]
        if begins != ends:
            x, begins = F.pad(x, (begins[1], ends[1], begins[0], ends[0])), (0, 0)
        return F.conv2d(x, weight, bias, a["strides"], begins, a["dilations"], a["group"])

    def BatchNormalization(self, node, x, weight, bias, mean, variance):
        return F.batch_norm(x, mean, variance, weight, bias, True, 0.1, node["attributes"]["epsilon"])

    def Relu(self, node, x):
        return F.relu(x, inplace=self.readers[node["inputs"][0]] == 1)

    def Clip(self, node, x, low, high):
        return F.hardtanh(x, float(low), float(high), inplace=self.readers[node["inputs"][0]] == 1)

    def MaxPool(self, node, x):
        a = node["attributes"]
        return F.max_pool2d(x, a["kernel_shape"], a["strides"], a["pads"][:2])

    def Add(self, node, x, y):
        return x + y

    def GlobalAveragePool(self, node, x):
        return F.adaptive_avg_pool2d(x, 1)

    def Flatten(self, node, x):
        return torch.flatten(x, 1)

    def Gemm(self, node, x, weight, bias=None):
        return F.linear(x, weight, bias)

    def Slice(self, node, x, starts, ends, axes, steps=None):
        slices = [slice(None)] * x.dim()
        for axis, start, end, step in zip(axes, starts, ends, steps or [1] * len(axes)):
            slices[axis] = slice(start, end, step)
        return x[tuple(slices)]

    def Pad(self, node, x, pads):
        rank = x.dim()
        return F.pad(x, [side for axis in reversed(range(rank)) for side in (pads[axis], pads[axis + rank])])

    def FakeQuant(self, node, x, scale, zero_point):
        a = node["attributes"]
        low, high, axis = a["qmin"], a["qmax"], a.get("axis")
        if axis is not None:
            return torch._fake_quantize_learnable_per_channel_affine(x, scale, zero_point, axis, low, high, 1.0)
        return torch._fake_quantize_learnable_per_tensor_affine(x, scale.reshape(1), zero_point.reshape(1), low, high, 1.0)


def main():
    with open(sys.argv[1], encoding="utf8") as file:
        description = json.load(file)
    torch.set_num_threads(description["threads"])
    torch.manual_seed(description["seed"])
    network = Network(description)
    optimizer = torch.optim.SGD(network.parameters, lr=1e-4, momentum=0.9)
    images = torch.randn(description["shape"])
    labels = torch.randint(description["classes"], (description["shape"][0],))
    print(torch.__version__, flush=True)
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()
        print((time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000, flush=True)


main()
