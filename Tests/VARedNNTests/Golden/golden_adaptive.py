"""adaptive.h5: gates that see motion energy, and costs of candidates, each on their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from costs import candidates_cost
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


def write_adaptive(folder: Path) -> None:
    """Writes adaptive.h5."""
    entries: dict[str, Value] = {}
    for name, case in GATES.items():
        entries |= {f"gates/{name}/{n}": v for n, v in gate_entries(name, case).items()}
    for name, (seed, shares, kappa) in COSTS.items():
        found = cost_entries(name, seed, shares, kappa)
        entries |= {f"costs/{name}/{n}": v for n, v in found.items()}
    write(folder / "adaptive.h5", entries)
