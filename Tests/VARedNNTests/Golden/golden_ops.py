"""ops.h5: every op on its own, forward and backward."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from golden_dynamic import check_float32, gradients, single
from golden_file import Value, normal, uniform, write
from margins import ACTIVATION_WINDOW, clearing_shift
from reference import Triple, depthwise

BATCH_NORM_EPS = 1e-5
BATCH_NORM_MOMENTUM = 0.1

# name: C, K, kernel, stride, padding, clips, (T, H, W)
CONVOLUTIONS: dict[str, tuple[int, int, Triple, Triple, Triple, int, Triple]] = {
    "conv-1x3x3": (20, 36, (1, 3, 3), (1, 1, 1), (0, 1, 1), 2, (4, 6, 5)),
    "conv-1x3x3-stride": (16, 57, (1, 3, 3), (1, 2, 2), (0, 1, 1), 2, (3, 7, 6)),
    "conv-3x1x1": (36, 20, (3, 1, 1), (1, 1, 1), (1, 0, 0), 2, (5, 3, 4)),
    "conv-3x1x1-stride": (28, 32, (3, 1, 1), (2, 1, 1), (1, 0, 0), 3, (5, 3, 3)),
    "conv-3x1x1-one-frame": (28, 16, (3, 1, 1), (2, 1, 1), (1, 0, 0), 2, (1, 2, 3)),
    "conv-stem": (3, 11, (1, 7, 7), (1, 2, 2), (0, 3, 3), 2, (3, 13, 12)),
    "conv-shortcut": (20, 36, (1, 1, 1), (2, 2, 2), (0, 0, 0), 2, (5, 5, 6)),
}


def with_check(
    name: str, function: object, inputs: dict[str, Tensor], dy: Tensor
) -> dict[str, Value]:
    """Inputs, dy, y and the gradients, after a comparison with float32."""
    truth = gradients(function, inputs, dy)
    check_float32(name, gradients(function, single(inputs), dy), truth)
    return inputs | {"dy": dy} | truth


def convolution_entries(name: str, random: np.random.RandomState) -> dict[str, Value]:
    """A convolution without bias."""
    inputs, outputs, kernel, stride, padding, clips, shape = CONVOLUTIONS[name]
    x = normal(random, clips, inputs, *shape)
    weight = normal(random, outputs, inputs, *kernel, scale=(inputs * np.prod(kernel)) ** -0.5)

    def run(x: Tensor, weight: Tensor) -> Tensor:
        return functional.conv3d(x, weight, stride=stride, padding=padding)

    dy = normal(random, *run(x, weight).shape)
    geometry: dict[str, Value] = {"stride": list(stride), "padding": list(padding)}
    return geometry | with_check(name, run, {"x": x, "weight": weight}, dy)


def batch_norm_entries(
    name: str, random: np.random.RandomState, relu: bool, residual: bool
) -> dict[str, Value]:
    """Batch norm in training mode, plus the residual, then ReLU; also in inference mode."""
    clips, channels, shape = 3, 20, (4, 3, 5)
    x = normal(random, clips, channels, *shape, scale=2)
    x = x + uniform(random, -1, 1, channels, 1, 1, 1)
    inputs = {
        "x": x.float().double(),
        "weight": uniform(random, 0.5, 1.5, channels),
        "bias": uniform(random, -0.5, 0.5, channels),
    }
    if residual:
        inputs["residual"] = normal(random, *x.shape)
    mean = normal(random, channels, scale=0.5)
    variance = uniform(random, 0.5, 5, channels)

    def normalised(values: dict[str, Tensor], training: bool) -> tuple[Tensor, Tensor, Tensor]:
        dtype = values["x"].dtype
        running = (mean.clone().to(dtype), variance.clone().to(dtype))
        y = functional.batch_norm(
            values["x"],
            *running,
            values["weight"],
            values["bias"],
            training,
            BATCH_NORM_MOMENTUM,
            BATCH_NORM_EPS,
        )
        y = y + values["residual"] if residual else y
        return y, *running

    def run(**values: Tensor) -> Tensor:
        y, _, _ = normalised(values, training=True)
        return functional.relu(y) if relu else y

    if relu:
        y, _, _ = normalised(inputs, training=True)
        shifts = [clearing_shift(y[:, c], ACTIVATION_WINDOW) for c in range(channels)]
        inputs["bias"] = (inputs["bias"] + torch.tensor(shifts)).float().double()
    inferred, _, _ = normalised(inputs, training=False)
    _, new_mean, new_variance = normalised(inputs, training=True)
    statistics: dict[str, Value] = {
        "running_mean": mean,
        "running_var": variance,
        "updated/running_mean": new_mean,
        "updated/running_var": new_variance,
        "inference/y": functional.relu(inferred) if relu else inferred,
    }
    return with_check(name, run, inputs, normal(random, *x.shape)) | statistics


def depthwise_entries(name: str, random: np.random.RandomState, shape: Triple) -> dict[str, Value]:
    """The cheap operation's 3x3 depthwise convolution."""
    inputs = {"x": normal(random, 2, 24, *shape), "weight": normal(random, 24, 3, 3, scale=0.5)}

    def run(x: Tensor, weight: Tensor) -> Tensor:
        return depthwise(x, weight)

    return with_check(name, run, inputs, normal(random, 2, 24, *shape))


def pool_entries(name: str, random: np.random.RandomState) -> dict[str, Value]:
    """The mean over T, H and W."""
    inputs = {"x": normal(random, 3, 20, 2, 3, 5)}
    return with_check(name, lambda x: x.mean(dim=(2, 3, 4)), inputs, normal(random, 3, 20))


def linear_entries(name: str, random: np.random.RandomState) -> dict[str, Value]:
    """x W^T + b."""
    inputs = {
        "x": normal(random, 5, 24),
        "weight": normal(random, 7, 24, scale=0.2),
        "bias": normal(random, 7),
    }
    return with_check(name, functional.linear, inputs, normal(random, 5, 7))


def cross_entropy_entries(name: str, random: np.random.RandomState) -> dict[str, Value]:
    """The mean over clips of -log softmax; one clip has logits of +-90, dy is 1."""
    logits = normal(random, 6, 9, scale=3)
    logits[4] = 0
    logits[4, 2], logits[4, 5] = 90, -90
    labels = torch.tensor([3, 0, 8, 2, 5, 1])

    def run(logits: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels)

    truth = gradients(run, {"logits": logits}, torch.tensor(1.0, dtype=torch.float64))
    each = functional.cross_entropy(logits, labels, reduction="none")
    return {
        "logits": logits,
        "labels": labels,
        "loss": truth["y"],
        "clip_losses": each,
        "dlogits": truth["dlogits"],
    }


def soft_cross_entropy_entries(random: np.random.RandomState) -> dict[str, Value]:
    """Cross-entropy with rows of probabilities: smoothed labels, and a mix of two labels."""
    logits = normal(random, 4, 6, scale=3)
    targets = torch.full((4, 6), 0.125 / 8, dtype=torch.float64)
    for clip, label in enumerate([2, 0, 5, 3]):
        targets[clip, label] = 1 - 5 * 0.125 / 8
    targets[1] = torch.tensor([0.75, 0, 0, 0.25, 0, 0])

    def run(logits: Tensor) -> Tensor:
        return functional.cross_entropy(logits, targets.to(logits.dtype))

    truth = gradients(run, {"logits": logits}, torch.tensor(1.0, dtype=torch.float64))
    return {
        "logits": logits,
        "targets": targets,
        "loss": truth["y"],
        "dlogits": truth["dlogits"],
    }


def binary_cross_entropy_entries(random: np.random.RandomState) -> dict[str, Value]:
    """BCEWithLogitsLoss of several labels a clip, or none; one clip has logits of +-90."""
    logits = normal(random, 5, 7, scale=3)
    logits[3] = 0
    logits[3, 2], logits[3, 5] = 90, -90
    labels = torch.from_numpy((random.rand(5, 7) < 0.3).astype(float))
    labels[1] = 0
    labels[3, 2], labels[3, 5] = 0, 1

    def run(logits: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))

    truth = gradients(run, {"logits": logits}, torch.tensor(1.0, dtype=torch.float64))
    return {
        "logits": logits,
        "labels": labels,
        "loss": truth["y"],
        "dlogits": truth["dlogits"],
    }


def write_ops(folder: Path) -> None:
    """Writes ops.h5; every op has its own seed."""
    ops: dict[str, dict[str, Value]] = {}
    for seed, name in enumerate(CONVOLUTIONS):
        ops[name] = convolution_entries(name, np.random.RandomState(100 + seed))
    for seed, (name, relu, residual) in enumerate(
        [
            ("batch-norm", False, False),
            ("batch-norm-relu", True, False),
            ("batch-norm-add-relu", True, True),
        ]
    ):
        ops[name] = batch_norm_entries(name, np.random.RandomState(200 + seed), relu, residual)
    for seed, (name, shape) in enumerate(
        [("depthwise", (3, 5, 6)), ("depthwise-2x2", (3, 2, 2)), ("depthwise-1x1", (2, 1, 1))]
    ):
        ops[name] = depthwise_entries(name, np.random.RandomState(300 + seed), shape)
    ops["pool"] = pool_entries("pool", np.random.RandomState(400))
    ops["linear"] = linear_entries("linear", np.random.RandomState(500))
    ops["cross-entropy"] = cross_entropy_entries("cross-entropy", np.random.RandomState(600))
    ops["soft-cross-entropy"] = soft_cross_entropy_entries(np.random.RandomState(601))
    ops["binary-cross-entropy"] = binary_cross_entropy_entries(np.random.RandomState(602))
    entries = {f"{op}/{name}": value for op, group in ops.items() for name, value in group.items()}
    write(folder / "ops.h5", entries)
