"""adaptive.h5: gates that see motion energy, costs of candidates, and which clips are charged for
them, each on their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from costs import candidates_cost, charged
from golden_dynamic import SPATIAL, TEMPORAL, LayerCase, gate_entries, given_policy
from golden_file import Value, relative_error, write
from reference import DynamicConfiguration

CLIPS = 6
LARGEST_FLOAT32_ERROR = 2e-5

GATES: dict[str, LayerCase] = {
    "motion-normalised": LayerCase(
        31, 12, 64, SPATIAL, 1, (8, 4, 3), 6, DynamicConfiguration(3, 3, motion_energy=True)
    ),
    "motion-published": LayerCase(
        32,
        20,
        40,
        TEMPORAL,
        1,
        (5, 3, 3),
        6,
        DynamicConfiguration(2, 3, "published", motion_energy=True),
    ),
    "motion-one-frame": LayerCase(
        33, 18, 48, SPATIAL, 1, (1, 3, 3), 5, DynamicConfiguration(3, 3, motion_energy=True)
    ),
}

COSTS: dict[str, tuple[int, list[float], float | None]] = {
    "linear": (41, [1, 32 / 57, 16 / 57], None),
    "saturating-0.1": (42, [1, 0.5, 0.25], 0.1),
    "saturating-1": (43, [1, 32 / 57, 16 / 57], 1.0),
    "saturating-single": (44, [1], 0.1),
}


def cost_and_gradient(
    v: Tensor, shares: list[float], kappa: float | None
) -> tuple[Tensor, Tensor]:
    """The cost of every clip, and its gradient by the (already normalised) weights."""
    leaf = v.detach().requires_grad_()
    cost = candidates_cost(leaf, shares, kappa)
    (gradient,) = torch.autograd.grad(cost.sum(), leaf)
    return cost.detach(), gradient


def cost_entries(
    name: str, seed: int, shares: list[float], kappa: float | None
) -> dict[str, Value]:
    """Normalised weights of which some are zero, before and behind those that are not."""
    random = np.random.RandomState(seed)
    v = given_policy(random, CLIPS, len(shares), "normalised")
    cost, gradient = cost_and_gradient(v, shares, kappa)
    again = cost_and_gradient(v.float(), shares, kappa)
    for value, truth in zip(again, (cost, gradient), strict=True):
        if relative_error(value, truth) > LARGEST_FLOAT32_ERROR:
            raise RuntimeError(f"{name}: float32 differs; choose another seed")
    entries: dict[str, Value] = {"v": v, "shares": shares, "cost": cost, "dv": gradient}
    return entries if kappa is None else entries | {"kappa": kappa}


def charge_entries(seed: int) -> dict[str, Value]:
    """Section 3's loss of clips with given totals of costs, for several confidences and powers."""
    random = np.random.RandomState(seed)
    logits = torch.from_numpy(2.5 * random.randn(16, 4))
    labels = torch.from_numpy(random.randint(0, 4, 16))
    # Every second clip is right, by more or by less.
    logits[::2] += 4 * functional.one_hot(labels[::2], 4)
    totals = torch.from_numpy(random.uniform(0.2, 1, 16))
    weight, confidences, powers = 0.75, [0.0, 0.6, 0.95], [2.0, 1.0, 1.5]
    entries: dict[str, Value] = {
        "logits": logits,
        "labels": labels,
        "totals": totals,
        "weight": weight,
        "confidences": confidences,
        "powers": powers,
    }
    counts = []
    for number, (confidence, power) in enumerate(zip(confidences, powers, strict=True)):
        leaf = totals.clone().requires_grad_()
        mu = charged(logits, labels, confidence)
        if not torch.equal(charged(logits.float(), labels, confidence), mu.float()):
            raise RuntimeError("float32 charges other clips; choose another seed")
        cost = (mu * leaf**power).mean()
        (gradient,) = torch.autograd.grad(weight * cost, leaf)
        entries |= {f"cost{number}": cost.detach(), f"dtotals{number}": gradient}
        counts.append(int(mu.sum()))
    if not counts[0] > counts[1] > counts[2] > 0:
        raise RuntimeError(f"the confidences charge {counts} clips; choose another seed")
    return entries


def write_adaptive(folder: Path) -> None:
    """Writes adaptive.h5."""
    entries: dict[str, Value] = {}
    for name, case in GATES.items():
        entries |= {f"gates/{name}/{n}": v for n, v in gate_entries(name, case).items()}
    for name, (seed, shares, kappa) in COSTS.items():
        found = cost_entries(name, seed, shares, kappa)
        entries |= {f"costs/{name}/{n}": v for n, v in found.items()}
    entries |= {f"charge/{n}": v for n, v in charge_entries(51).items()}
    write(folder / "adaptive.h5", entries)
