"""trajectory.h5: ten SGD steps of a small dynamic R(2+1)D."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from costs import conv_ratios, loss
from golden_file import Value, write
from golden_network import build, describe, random_clips
from margins import Margins, logit_margin, measuring
from reference import DynamicConfiguration, NetworkConfiguration, R2Plus1D, state

SEED = 307
CONFIGURATION = NetworkConfiguration(6, 4, 32, width=0.0625, dynamic=DynamicConfiguration(3, 2))
COST_WEIGHT = 0.8
MOMENTUM = 0.9
WEIGHT_DECAY = 0.01  # 100 times METHOD's, so that ten steps show who decays
GATE_RATE = 0.1
POOL = 12
BATCH = 6
PEAK_RATE = 0.01
STEPS = 10
SMALLEST_GATE_MARGIN = 1e-4
SMALLEST_LOGIT_MARGIN = 5e-3
LARGEST_LOSS_ERROR = 2e-6
LARGEST_PARAMETER_ERROR = 5e-6

FINAL = [
    "stem.0.weight",
    "stem.1.running_mean",
    "layer1.0.conv1.0.0.weight",
    "layer2.0.conv1.0.0.gate.fc1.weight",
    "layer2.0.conv1.0.0.gate.bn.weight",
    "layer2.0.conv1.0.0.gate.fc2.weight",
    "layer2.0.conv1.0.0.gate.fc2.bias",
    "layer1.0.conv1.1.bias",
    "layer1.0.conv1.1.running_var",
    "layer2.0.downsample.0.weight",
    "layer2.1.conv1.0.0.phi_s.1",
    "layer2.1.conv1.0.0.phi_t.1",
    "layer2.1.conv2.0.0.gate.bn.running_mean",
    "layer2.1.conv2.0.0.gate.bn.running_var",
    "layer3.0.conv2.0.3.weight",
    "layer4.1.conv2.1.weight",
    "fc.weight",
    "fc.bias",
]


class Trajectory(NamedTuple):
    """What the steps gave, one value a step (means or a count over the batch), and FINAL after."""

    losses: list[float]
    cross_entropies: list[float]
    costs: list[float]
    conv_ratios: list[float]
    correct: list[int]
    final: dict[str, Tensor]
    margins: Margins
    logit_margin: float


def learning_rates() -> list[float]:
    """Two steps of linear warm-up, then a cosine to zero, exact in float32."""
    rates = []
    for step in range(STEPS):
        rate = (step + 1) / 3 if step < 2 else 0.5 + 0.5 * math.cos(math.pi * (step - 2) / 8)
        rates.append(float(np.float32(PEAK_RATE * rate)))
    return rates


def decays(name: str, parameter: Tensor) -> bool:
    """Weights of convolutions (phi too) and of the classifier; no bias, batch norm or gate."""
    return ".gate." not in name and (parameter.dim() > 1)


def optimiser(network: R2Plus1D) -> torch.optim.SGD:
    """PyTorch's SGD with Nesterov momentum; group 0 decays, 1 does not, 2 is the gates."""
    groups: list[list[Tensor]] = [[], [], []]
    for name, parameter in network.named_parameters():
        group = 2 if ".gate." in name else 0 if decays(name, parameter) else 1
        groups[group].append(parameter)
    decay = [WEIGHT_DECAY, 0.0, 0.0]
    return torch.optim.SGD(
        [{"params": p, "weight_decay": d} for p, d in zip(groups, decay, strict=True)],
        lr=0.0,
        momentum=MOMENTUM,
        nesterov=True,
    )


def train(
    network: R2Plus1D, clips: Tensor, labels: Tensor, batches: Tensor, rates: list[float]
) -> Trajectory:
    """Ten steps; the network is changed."""
    network.train()
    sgd = optimiser(network)
    terms, ratios, margin = [], [], float("inf")
    with measuring(network) as margins:
        for batch, rate in zip(batches, rates, strict=True):
            for group, factor in zip(sgd.param_groups, [1.0, 1.0, GATE_RATE], strict=True):
                group["lr"] = rate * factor
            sgd.zero_grad()
            logits = network(clips[batch])
            terms.append(loss(network, logits, labels[batch], COST_WEIGHT))
            terms[-1].total.backward()
            sgd.step()
            ratios.append(float(np.mean(conv_ratios(network, len(batch)))))
            margin = min(margin, logit_margin(logits))
    values = state(network)
    return Trajectory(
        [t.total.item() for t in terms],
        [t.cross_entropy.item() for t in terms],
        [t.cost.item() for t in terms],
        ratios,
        [int(t.correct.sum()) for t in terms],
        {name: values[name] for name in FINAL},
        margins,
        margin,
    )


def check(truth: Trajectory, again: Trajectory, initial: dict[str, Tensor]) -> None:
    """Raises unless float32 takes the same way, far from ties, and every value of FINAL moves."""
    losses = max(abs(a - b) / b for a, b in zip(again.losses, truth.losses, strict=True))
    errors = {}
    for name, value in truth.final.items():
        errors[name] = (again.final[name] - value).abs().max() / value.abs().max()
        if (value - initial[name]).abs().max() < 20 * (again.final[name] - value).abs().max():
            raise RuntimeError(f"trajectory: {name} hardly moved")
    worst = max(errors, key=lambda name: errors[name])
    print(f"trajectory: losses {' '.join(f'{value:.4f}' for value in truth.losses)}")
    print(f"trajectory: correct {truth.correct}, cost {truth.costs[0]:.3f}, {truth.costs[-1]:.3f}")
    print(f"trajectory: float32: losses {losses:.1e}, parameters {errors[worst]:.1e} ({worst})")
    print(f"trajectory: margins: gate {truth.margins.gate:.1e}, logits {truth.logit_margin:.1e}")
    if (
        losses > LARGEST_LOSS_ERROR
        or errors[worst] > LARGEST_PARAMETER_ERROR
        or truth.margins.gate < SMALLEST_GATE_MARGIN
        or truth.logit_margin < SMALLEST_LOGIT_MARGIN
    ):
        raise RuntimeError("trajectory: rounding decides; choose another seed")


def write_trajectory(folder: Path) -> None:
    """Writes trajectory.h5."""
    random = np.random.RandomState(SEED)
    clips = random_clips(random, POOL, CONFIGURATION.frames, CONFIGURATION.size)
    network = build(CONFIGURATION, random, clips[:BATCH], gentle=True)
    labels = torch.from_numpy(random.randint(CONFIGURATION.classes, size=POOL))
    batches = torch.from_numpy(np.stack([random.permutation(POOL)[:BATCH] for _ in range(STEPS)]))
    rates = learning_rates()
    initial = state(network)
    again = copy.deepcopy(network).float()
    truth = train(network, clips, labels, batches, rates)
    check(truth, train(again, clips.float(), labels, batches, rates), initial)
    entries: dict[str, Value] = {f"model/{name}": value for name, value in initial.items()}
    entries |= {
        "clips": clips,
        "labels": labels,
        "batches": batches,
        "learning_rates": rates,
        "momentum": MOMENTUM,
        "weight_decay": WEIGHT_DECAY,
        "gate_rate": GATE_RATE,
        "cost_weight": COST_WEIGHT,
        "losses": truth.losses,
        "cross_entropies": truth.cross_entropies,
        "costs": truth.costs,
        "conv_ratios": truth.conv_ratios,
        "correct": truth.correct,
    }
    entries |= {f"final/{name}": value for name, value in truth.final.items()}
    write(folder / "trajectory.h5", entries, describe(CONFIGURATION))
