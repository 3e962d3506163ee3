"""METHOD section 3, and the saturating cost of section 4: the cost of a policy, the loss, and the
counting of multiply-accumulates.

A MAC is one multiply-accumulate of a convolution or a fully connected layer. Mixing scalars, batch
norm, activations and pooling are not counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from reference import DynamicConv3d, Policy, dynamic_layers, normalise


class Loss(NamedTuple):
    """total = cross_entropy + weight * cost; `correct` is mu, one 0 or 1 per clip."""

    total: Tensor
    cross_entropy: Tensor
    cost: Tensor
    correct: Tensor


def convolution_macs(layer: DynamicConv3d, channels: int, frames: int) -> int:
    """MACs of `channels` output channels at `frames` output frames of the layer's convolution."""
    per_value = layer.weight[0].numel()
    return channels * per_value * frames * layer.output_shape[1] * layer.output_shape[2]


def full_convolution_macs(layer: DynamicConv3d) -> int:
    """M_l: the layer's convolution with every channel and frame computed."""
    return convolution_macs(layer, layer.weight.shape[0], layer.output_shape[0])


def layer_weights(layers: dict[str, DynamicConv3d]) -> dict[str, float]:
    """w_l = M_l / sum of M over the dynamic layers."""
    macs = {name: full_convolution_macs(layer) for name, layer in layers.items()}
    return {name: m / sum(macs.values()) for name, m in macs.items()}


# The differentiable cost.


def candidates_cost(v: Tensor, shares: list[float], kappa: float | None) -> Tensor:
    """[N], from normalised weights v [N, S] and each candidate's share s of the full cost.

    Linear (kappa None): sum_a v[a] s_a. Saturating: sum_a (s_a - s_{a+1}) (1 + kappa) V_a / (V_a +
    kappa) with V_a = v[0] + ... + v[a], s = 0 behind the last.
    """
    if kappa is None:
        return v @ v.new_tensor(shares)
    steps = v.new_tensor([s - t for s, t in zip(shares, [*shares[1:], 0.0], strict=True)])
    totals = [v[:, : a + 1].sum(dim=1) for a in range(len(shares))]
    return torch.stack([(1 + kappa) * total / (total + kappa) for total in totals], dim=1) @ steps


def relative_cost(layer: DynamicConv3d, policy: Policy) -> Tensor:
    """rho_l [N]: the product of the temporal cost, shares 1 / R_a, and the channel cost, shares
    n_b / K."""
    shares_t = [1 / stride for stride in layer.temporal_strides]
    shares_c = [n / layer.weight.shape[0] for n in layer.channel_counts]
    temporal = candidates_cost(normalise(policy.temporal), shares_t, layer.kappa)
    return temporal * candidates_cost(normalise(policy.channel), shares_c, layer.kappa)


def charged(logits: Tensor, labels: Tensor, confidence: float = 0.0) -> Tensor:
    """mu [N]: 1 for clips that are classified correctly, with a probability of the label of at
    least `confidence`, else 0."""
    probability = functional.softmax(logits.detach(), dim=1).gather(1, labels[:, None])[:, 0]
    correct = logits.detach().argmax(dim=1) == labels
    return (correct & (probability >= confidence)).to(logits.dtype)


def loss(network: nn.Module, logits: Tensor, labels: Tensor, cost_weight: float) -> Loss:
    """L of section 3 from the policies of the forward pass that gave `logits`."""
    cross_entropy = functional.cross_entropy(logits, labels)
    correct = charged(logits, labels)
    layers = dynamic_layers(network)
    total = torch.zeros_like(correct)
    for name, weight in layer_weights(layers).items():
        policy = layers[name].policy
        assert policy is not None, f"{name}: loss before forward"
        total = total + weight * relative_cost(layers[name], policy)
    cost = (correct * total**2).mean()
    return Loss(cross_entropy + cost_weight * cost, cross_entropy, cost, correct)


# What is executed.


def least(v: Tensor) -> int:
    """a* (or b*) of one clip: the first candidate with v > 0; all zero: the cheapest, the last."""
    positive = [i for i, value in enumerate(v.tolist()) if value > 0]
    return positive[0] if positive else len(v) - 1


def executed_shape(layer: DynamicConv3d, policy: Policy, clip: int) -> tuple[int, int]:
    """(n_b*, ceil(T' / R_a*)): the channels and frames of F that the clip needs."""
    stride = layer.temporal_strides[least(policy.temporal[clip])]
    return layer.channel_counts[least(policy.channel[clip])], -(-layer.output_shape[0] // stride)


def executed_convolution_macs(layer: DynamicConv3d, policy: Policy, clip: int) -> int:
    """The part of the layer's convolution that runs for the clip."""
    return convolution_macs(layer, *executed_shape(layer, policy, clip))


def cheap_macs(layer: DynamicConv3d, policy: Policy, clip: int) -> int:
    """The cheap operations that run for the clip: those of every candidate with v > 0."""
    outputs = layer.weight.shape[0]
    frames, height, width = layer.output_shape
    _, executed_frames = executed_shape(layer, policy, clip)
    values = 0
    for count, v in zip(layer.channel_counts, policy.channel[clip].tolist(), strict=True):
        if v > 0:
            values += (outputs - count) * executed_frames
    for stride, v in zip(layer.temporal_strides, policy.temporal[clip].tolist(), strict=True):
        if v > 0:
            values += sum(1 for t in range(frames) if t % stride != 0) * outputs
    return values * 9 * height * width


def gate_macs(layer: DynamicConv3d) -> int:
    """Dh C T + (St + Sc) Dh, or Dh 2 C T with motion energy; 0 where a policy is held."""
    if layer.held is not None:
        return 0
    return layer.gate.fc1.weight.numel() + layer.gate.fc2.weight.numel()


def full_macs(network: nn.Module) -> int:
    """One clip through the fixed network: every layer whole, no gates, no cheap operations."""
    c = network.configuration
    macs: list[int] = []

    def count(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        macs.append(module.weight[0].numel() * output.numel())

    with torch.device("meta"):
        fixed = type(network)(replace(c, dynamic=None)).eval()
        for module in fixed.modules():
            if isinstance(module, (nn.Conv3d, nn.Linear)):
                module.register_forward_hook(count)
        fixed(torch.empty(1, 3, c.frames, c.size, c.size))
    return sum(macs)


def plain_macs(network: nn.Module) -> int:
    """One clip through every layer that is not dynamic: stem, shortcuts, classifier."""
    dynamic = sum(full_convolution_macs(layer) for layer in dynamic_layers(network).values())
    return full_macs(network) - dynamic


def executed_macs(network: nn.Module, clips: int) -> list[int]:
    """All that ran for each clip of the last forward pass."""
    totals = [plain_macs(network)] * clips
    for layer in dynamic_layers(network).values():
        for clip in range(clips):
            totals[clip] += executed_convolution_macs(layer, layer.policy, clip)
            totals[clip] += cheap_macs(layer, layer.policy, clip) + gate_macs(layer)
    return totals


def conv_ratios(network: nn.Module, clips: int) -> list[float]:
    """sum_l w_l r_l for each clip of the last forward pass; 1 for a fixed network."""
    layers = dynamic_layers(network)
    if not layers:
        return [1.0] * clips
    executed = [
        sum(executed_convolution_macs(layer, layer.policy, n) for layer in layers.values())
        for n in range(clips)
    ]
    return [e / sum(full_convolution_macs(layer) for layer in layers.values()) for e in executed]
