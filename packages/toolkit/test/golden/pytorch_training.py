"""Writes pytorch-training.json: optimizer steps and schedules as PyTorch 1.13 computes them, for the tests of src/training.

Run with a Python that has torch: python3 pytorch_training.py > pytorch-training.json
"""
import json
import torch

torch.set_num_threads(1)
torch.manual_seed(7)
START = torch.randn(6)
GRADIENTS = [torch.randn(6) for _ in range(5)]
LEARNING_RATES = [0.1, 0.05, 0.2, 0.01, 0.1]


def run(make):
    w = torch.nn.Parameter(START.clone())
    optimizer = make([w])
    path = []
    for gradient, rate in zip(GRADIENTS, LEARNING_RATES):
        optimizer.param_groups[0]["lr"] = rate
        w.grad = gradient.clone()
        optimizer.step()
        path.append(w.detach().tolist())
    return path


def rates(make, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = make(optimizer)
    path = []
    for _ in range(steps):
        path.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return path


def clipped(norm):
    w = torch.nn.Parameter(START.clone())
    w.grad = GRADIENTS[0].clone()
    torch.nn.utils.clip_grad_norm_([w], norm)
    return w.grad.tolist()


lr = torch.optim.lr_scheduler
print(json.dumps({
    "torch": torch.__version__,
    "start": START.tolist(),
    "gradients": [g.tolist() for g in GRADIENTS],
    "learningRates": LEARNING_RATES,
    "optimizers": {
        "sgd": run(lambda p: torch.optim.SGD(p, lr=1)),
        "momentum": run(lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, weight_decay=0.05)),
        "nesterov": run(lambda p: torch.optim.SGD(p, lr=1, momentum=0.8, nesterov=True, weight_decay=0.05)),
        "adamw": run(lambda p: torch.optim.AdamW(p, lr=1, weight_decay=0.1)),
    },
    "clippedToNorm1": clipped(1.0),
    "schedules": {
        "cosine": rates(lambda o: lr.CosineAnnealingLR(o, 20, eta_min=0.001), 20),
        "oneCycle": rates(lambda o: lr.OneCycleLR(o, 0.1, total_steps=21, cycle_momentum=False), 20),
        "step": rates(lambda o: lr.MultiStepLR(o, [10, 15]), 20),
    },
}, indent=1))
