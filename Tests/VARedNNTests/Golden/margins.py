"""Keeps the golden networks away from kinks, where rounding would decide a gradient.

A ReLU (of a block or of a gate) whose input is 1e-7 passes a gradient in one engine and none in
another. So biases are moved a little, channel by channel in forward order, until no input of a
ReLU is close to zero: the middle of the widest gap between the channel's values near zero.

Motion energy has a kink too, where a pixel nearly stands still. Nothing is moved for it: a seed is
refused where a difference is close to zero. One that is exactly zero, as between two closed ReLUs,
has no gradient anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from reference import SoftModulationGate, dynamic_layers

ACTIVATION_WINDOW = 0.2
GATE_WINDOW = 0.15


def clearing_shift(values: Tensor, window: float) -> float:
    """The shift, at most `window`, that leaves the widest gap around zero in shift + values."""
    near = values[values.abs() < window].flatten().sort().values
    edges = torch.cat([near.new_tensor([-window]), near, near.new_tensor([window])])
    widest = (edges[1:] - edges[:-1]).argmax()
    return -0.5 * (edges[widest] + edges[widest + 1]).item()


def move_bias(bias: nn.Parameter, values: Tensor, window: float) -> Tensor:
    """Moves the bias of every channel (dimension 1 of values); returns the moved values."""
    moved = values.clone()
    for c in range(len(bias)):
        old = bias[c].item()
        new = torch.tensor(old + clearing_shift(values[:, c], window)).float().double().item()
        moved[:, c] += new - old
        with torch.no_grad():
            bias[c] = new
    return moved


@contextmanager
def clearing(network: nn.Module) -> Iterator[None]:
    """Forward passes inside move the biases before every ReLU and every gate's kink."""
    normalisation: list[nn.BatchNorm3d] = []

    def remember(module: nn.Module, *_: object) -> None:
        assert isinstance(module, nn.BatchNorm3d)
        normalisation[:] = [module]

    def clear(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor] | None:
        # A ReLU without a batch norm of its own is left to chance, and measured like the others.
        if not normalisation or normalisation[0].num_features != inputs[0].shape[1]:
            return None
        return (move_bias(normalisation.pop().bias, inputs[0], ACTIVATION_WINDOW),)

    def clear_gate(module: nn.Module, _: tuple[Tensor], output: Tensor) -> Tensor:
        assert isinstance(module, nn.Linear)
        return move_bias(module.bias, output, GATE_WINDOW)

    hooks = []
    for module in network.modules():
        if isinstance(module, nn.BatchNorm3d):
            hooks.append(module.register_forward_hook(remember))
        elif isinstance(module, SoftModulationGate):
            hooks.append(module.fc2.register_forward_hook(clear_gate))
    gates = [layer.gate.relu for layer in dynamic_layers(network).values()]
    for module in network.modules():
        if isinstance(module, nn.ReLU) and not any(module is gate for gate in gates):
            hooks.append(module.register_forward_pre_hook(clear))
    try:
        with torch.no_grad():
            yield
    finally:
        for hook in hooks:
            hook.remove()


@dataclass
class Margins:
    """The inputs closest to a kink seen so far: of the blocks' ReLUs, of the gates', and of the
    motion energies' |.|."""

    activation: float = field(default=float("inf"))
    gate: float = field(default=float("inf"))
    motion: float = field(default=float("inf"))


@contextmanager
def measuring(network: nn.Module) -> Iterator[Margins]:
    """Forward passes inside are measured."""
    margins = Margins()
    gates = [layer.gate.relu for layer in dynamic_layers(network).values()]

    def activation(_: nn.Module, inputs: tuple[Tensor]) -> None:
        margins.activation = min(margins.activation, inputs[0].abs().min().item())

    def gate(_: nn.Module, inputs: tuple[Tensor]) -> None:
        margins.gate = min(margins.gate, inputs[0].abs().min().item())

    def motion(_: nn.Module, inputs: tuple[Tensor]) -> None:
        moved = inputs[0].diff(dim=2).abs()
        margins.motion = min([margins.motion, *moved[moved > 0].tolist()])

    hooks = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            of_gate = any(module is other for other in gates)
            hooks.append(module.register_forward_pre_hook(gate if of_gate else activation))
        elif isinstance(module, SoftModulationGate) and module.sees_motion:
            hooks.append(module.register_forward_pre_hook(motion))
    try:
        yield margins
    finally:
        for hook in hooks:
            hook.remove()


def logit_margin(logits: Tensor) -> float:
    """The smallest difference, over the clips, between the best and the second logit."""
    best = logits.detach().topk(2, dim=1).values
    return (best[:, 0] - best[:, 1]).min().item()
