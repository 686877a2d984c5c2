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


def wave(shape, offset):
    """The same numbers as the test makes: sin(1.7 i + offset), in row-major order."""
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(1.7 * i + offset).float().reshape(shape)


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(4)
        self.conv2 = torch.nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(6)
        self.fc = torch.nn.Linear(6, 3)
        with torch.no_grad():
            for k, p in enumerate(self.parameters()):
                p.copy_(1 + 0.2 * wave(p.shape, k) if p.dim() == 1 else 0.5 * wave(p.shape, k))

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean((2, 3)))


def network():
    """Five steps of a whole training step: label smoothing, decay of matrices only, clipping by norm, running statistics."""
    net = Small()
    x, y = wave([4, 1, 8, 8], 0.5), torch.tensor([0, 1, 2, 1])
    groups = [
        {"params": [p for p in net.parameters() if p.dim() > 1], "weight_decay": 0.01},
        {"params": [p for p in net.parameters() if p.dim() == 1], "weight_decay": 0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)
    losses = []
    for _ in range(5):
        loss = torch.nn.functional.cross_entropy(net(x), y, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.3)
        optimizer.step()
        losses.append(loss.item())
    state = {k: v.flatten().tolist() for k, v in net.state_dict().items() if "num_batches" not in k}
    return {"losses": losses, "state": state}


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
    "network": network(),
    "schedules": {
        "cosine": rates(lambda o: lr.CosineAnnealingLR(o, 20, eta_min=0.001), 20),
        "oneCycle": rates(lambda o: lr.OneCycleLR(o, 0.1, total_steps=21, cycle_momentum=False), 20),
        "step": rates(lambda o: lr.MultiStepLR(o, [10, 15]), 20),
    },
}, indent=1))
