"""network-<case>.h5: one training step and one inference pass of a small network."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from costs import conv_ratios, executed_macs, full_macs, loss
from golden_file import ZERO, Value, normal, rounded, uniform, write
from margins import clearing, logit_margin, measuring
from reference import (
    DynamicConfiguration,
    NetworkConfiguration,
    R2Plus1D,
    dynamic_layers,
    state,
)
from x3d import X3D

COST_WEIGHT = 0.8
CLIPS = 4
CALIBRATION_CLIPS = 16
SMALLEST_GATE_MARGIN = 1e-3
SMALLEST_ACTIVATION_MARGIN = 2e-5
SMALLEST_LOGIT_MARGIN = 0.02
LARGEST_FLOAT32_ERROR = 2.5e-5
ROUNDING = 1e-4

# Batch norms at the end of a residual branch.
WEAK = (".conv2.1.weight", ".norm_c.weight")

CASES: dict[str, tuple[int, NetworkConfiguration]] = {
    "dynamic-normalised": (
        107,
        NetworkConfiguration(8, 8, 32, width=0.09375, dynamic=DynamicConfiguration(3, 3)),
    ),
    "dynamic-published": (
        124,
        NetworkConfiguration(
            8, 8, 32, width=0.0625, dynamic=DynamicConfiguration(3, 3, "published")
        ),
    ),
    "dynamic-sparsemax": (
        200,
        NetworkConfiguration(
            8,
            8,
            32,
            width=0.09375,
            dynamic=DynamicConfiguration(3, 3, "sparsemax", temperature=0.75),
        ),
    ),
    "fixed": (105, NetworkConfiguration(8, 8, 32, width=0.0625)),
    "motion-saturating": (
        52,
        NetworkConfiguration(
            8,
            4,
            32,
            width=0.0625,
            dynamic=DynamicConfiguration(3, 3, gate_hidden=8, motion_energy=True, kappa=0.1),
        ),
    ),
}


def random_clips(random: np.random.RandomState, count: int, frames: int, size: int) -> Tensor:
    """Coarse moving patterns, of differing brightness and contrast, in steps of 1/32."""
    coarse = torch.from_numpy(random.standard_normal((count, 3, frames, size // 4, size // 4)))
    fine = torch.from_numpy(random.standard_normal((count, 3, frames, size, size)))
    grown = coarse.repeat_interleave(4, dim=3).repeat_interleave(4, dim=4)
    contrast = torch.from_numpy(random.uniform(0.3, 1.2, (count, 1, 1, 1, 1)))
    hue = torch.from_numpy(random.uniform(-1.5, 1.5, (count, 3, 1, 1, 1)))
    flicker = torch.from_numpy(random.uniform(-0.5, 0.5, (count, 3, frames, 1, 1)))
    clips = contrast * (grown + 0.2 * fine) + hue + flicker
    return (clips.clamp(-3, 3) * 32).round() / 32


def randomise(network: nn.Module, random: np.random.RandomState) -> None:
    """Every parameter away from its initial value, so that nothing can hide behind a 0 or a 1."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            shape = tuple(parameter.shape)
            if ".phi_" in name:
                value = normal(random, *shape, scale=0.3)
                value[..., 1, 1] += 1
            elif name.endswith(WEAK):  # weak branches: less amplified rounding
                value = uniform(random, 0.2, 0.5, *shape)
            elif len(shape) == 1:
                low, high = (-0.3, 0.3) if name.endswith("bias") else (0.7, 1.3)
                value = uniform(random, low, high, *shape)
            else:
                gain = 2 if len(shape) == 5 else 1
                fan_in = parameter[0].numel()
                value = normal(random, *shape, scale=(gain / fan_in) ** 0.5)
            parameter.copy_(rounded(value))


def randomise_policies(
    network: nn.Module, random: np.random.RandomState, closed_groups: bool
) -> None:
    """Gates that differ by clip yet do not amplify rounding.

    In an open group one candidate is well above zero for every clip and the others come and go. In
    a closed one (normalised form, one in four) a single candidate comes and goes: where it does
    not come the sum is zero. There v jumps, so a trajectory has no such groups. The published form,
    where v scales whole clips, needs weaker gates.
    """
    with torch.no_grad():
        for layer in dynamic_layers(network).values():
            weight, bias = layer.gate.fc2.weight, layer.gate.fc2.bias
            strength = 0.02 if layer.gate.form == "published" else 0.05
            weight.copy_(normal(random, *weight.shape, scale=strength))
            bias.copy_(uniform(random, -3 * strength, 3 * strength, *bias.shape))
            start = 0
            for count in layer.gate.candidates:
                chosen = start + random.randint(count)
                if closed_groups and layer.gate.form == "normalised" and random.randint(4) == 0:
                    bias[start : start + count] = -1.5
                    bias[chosen] = 0
                    weight[chosen] *= 4
                else:
                    bias[chosen] = 0.875
                start += count


def soften(network: nn.Module) -> None:
    """Flatter: weak residual branches, and batch norm biases that leave most ReLUs open."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith(".conv2.1.weight"):
                parameter *= 0.25
            elif name.endswith(".bias") and parameter.dim() == 1 and ".gate." not in name:
                parameter += 1
            parameter.copy_(rounded(parameter))


def calibrate(network: nn.Module, clips: Tensor, random: np.random.RandomState) -> None:
    """Running statistics near those of the clips, but not equal to them."""
    statistics = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm3d)]
    for module in statistics:
        module.reset_running_stats()
        module.momentum = None
    with torch.no_grad():
        network.train()(clips)
        for module in statistics:
            module.momentum = 0.1
            channels = module.num_features
            spread = module.running_var.sqrt()
            offset = spread * uniform(random, -0.1, 0.1, channels)
            module.running_mean.copy_(rounded(module.running_mean + offset))
            module.running_var.mul_(uniform(random, 0.9, 1.2, channels))
            module.running_var.copy_(rounded(module.running_var))


def build(
    configuration: NetworkConfiguration,
    random: np.random.RandomState,
    clips: Tensor,
    gentle: bool = False,
) -> nn.Module:
    """A network whose parameters are exact in float32 and clear of kinks for these clips.

    A gentle one can be trained for some steps before rounding shows.
    """
    network = (R2Plus1D if configuration.model is None else X3D)(configuration).double()
    randomise(network, random)
    randomise_policies(network, random, closed_groups=not gentle)
    if gentle:
        soften(network)
    with clearing(network):
        network.train()(clips)
    others = random_clips(random, CALIBRATION_CLIPS, configuration.frames, configuration.size)
    calibrate(network, torch.cat([clips, others]), random)
    return network


def mostly_right_labels(network: nn.Module, clips: Tensor, classes: int) -> Tensor:
    """The network's own answers in training mode, but for the second clip: mu is 1, 0, 1, 1."""
    with torch.no_grad():
        labels = copy.deepcopy(network).train()(clips).argmax(dim=1)
    labels[1] = (labels[1] + 1) % classes
    return labels


def gates(network: nn.Module, prefix: str) -> dict[str, Value]:
    """The policies of the last forward pass."""
    entries: dict[str, Value] = {}
    for name, layer in dynamic_layers(network).items():
        entries[f"{prefix}/{name}/temporal"] = layer.policy.temporal
        entries[f"{prefix}/{name}/channel"] = layer.policy.channel
    return entries


def training_step(network: nn.Module, clips: Tensor, labels: Tensor) -> dict[str, Value]:
    """Forward in training mode, loss, backward."""
    logits = network.train()(clips)
    terms = loss(network, logits, labels, COST_WEIGHT)
    terms.total.backward()
    entries: dict[str, Value] = {
        "logits": logits,
        "loss": terms.total,
        "cross_entropy": terms.cross_entropy,
        "cost": terms.cost,
        "correct": terms.correct.long(),
        "training/executed_macs": executed_macs(network, len(clips)),
        "training/conv_ratio": conv_ratios(network, len(clips)),
    }
    entries |= gates(network, "gates")
    for name, parameter in network.named_parameters():
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        entries[f"gradients/{name}"] = gradient
    for name, value in state(network).items():
        if name.endswith(("running_mean", "running_var")):
            entries[f"updated/{name}"] = value
    return entries


def inference(network: nn.Module, clips: Tensor) -> dict[str, Value]:
    """Forward with the running statistics."""
    with torch.no_grad():
        logits = network.eval()(clips)
    entries: dict[str, Value] = {
        "inference/logits": logits,
        "executed_macs": executed_macs(network, len(clips)),
        "conv_ratio": conv_ratios(network, len(clips)),
    }
    return entries | gates(network, "inference/gates")


def both_passes(network: nn.Module, clips: Tensor, labels: Tensor) -> dict[str, Value]:
    """Inference first: the training step updates the running statistics."""
    return inference(network, clips) | training_step(network, clips, labels)


def describe(configuration: NetworkConfiguration) -> dict[str, int | str]:
    """The configuration as root attributes."""
    attributes: dict[str, int | str] = {
        "depth": configuration.depth,
        "classes": configuration.classes,
        "frames": configuration.frames,
        "size": configuration.size,
        "width": str(configuration.width),
        "network": "fixed" if configuration.dynamic is None else "dynamic",
    }
    if configuration.model is not None:
        attributes["model"] = configuration.model
    if configuration.dynamic is not None:
        attributes |= {
            "temporal_candidates": configuration.dynamic.temporal_candidates,
            "channel_candidates": configuration.dynamic.channel_candidates,
            "gate_form": configuration.dynamic.gate_form,
            "gate_hidden": configuration.dynamic.gate_hidden,
        }
        if configuration.dynamic.motion_energy:
            attributes["motion_energy"] = 1
        if configuration.dynamic.kappa is not None:
            attributes["kappa"] = str(configuration.dynamic.kappa)
    return attributes


def check_margins(case: str, network: nn.Module, clips: Tensor, labels: Tensor) -> None:
    """Raises if rounding could decide a gate, an answer or a visible part of a gradient."""
    trial = copy.deepcopy(network)
    with measuring(trial) as inferred:
        answers = inference(trial, clips)
    with measuring(trial) as trained:
        step = training_step(trial, clips, labels)
    gate = min(inferred.gate, trained.gate)
    logit = min(logit_margin(step["logits"]), logit_margin(answers["inference/logits"]))
    print(
        f"{case}: margins: gate {gate:.1e}, ReLU {trained.activation:.1e}, "
        f"motion {trained.motion:.1e}, logits {logit:.2f}"
    )
    if (
        gate < SMALLEST_GATE_MARGIN
        or min(trained.activation, trained.motion) < SMALLEST_ACTIVATION_MARGIN
        or logit < SMALLEST_LOGIT_MARGIN
    ):
        raise RuntimeError(f"{case}: too close to a kink or a tie; choose another seed")


def scale(name: str, truth: dict[str, Value]) -> float:
    """What an error in the named value is compared to: the largest absolute value it holds.

    For a gate's gradients, the largest of all gradients of that kind: they are small differences
    of large sums (batch norm follows), so rounding is seen long before their own last digits. For
    those of phi_s at least ROUNDING of the largest of all gradients: of channels that hardly
    anything reads, as before a depthwise convolution that skips them, they are all but zero.
    """
    if not name.startswith("gradients/"):
        return truth[name].abs().max().item()
    kind = name.partition(".gate.")[2]
    gradients = {n: v.abs().max().item() for n, v in truth.items() if n.startswith("gradients/")}
    alike = [v for n, v in gradients.items() if n.endswith(f".gate.{kind}")]
    least = ROUNDING * max(gradients.values()) if ".phi_s." in name else 0
    return max(max(alike) if kind else gradients[name], least)


def float32_errors(
    network: nn.Module, clips: Tensor, labels: Tensor, truth: dict[str, Value]
) -> dict[str, float]:
    """How far the same two passes in float32 are from the truth, by name, relative to `scale`."""
    single = both_passes(copy.deepcopy(network).float(), clips.float(), labels)
    errors: dict[str, float] = {}
    for name, value in truth.items():
        if isinstance(value, Tensor):
            error = (single[name] - value).abs().max().item()
            errors[name] = error / max(scale(name, truth), ZERO)
        else:
            errors[name] = 0.0 if np.allclose(single[name], value, rtol=1e-6) else 1.0
    return errors


def check_float32(case: str, errors: dict[str, float]) -> None:
    """Raises unless every error is one of rounding."""
    worst = max(errors, key=lambda name: errors[name])
    print(f"{case}: largest error of a float32 run {errors[worst]:.1e} ({worst})")
    if errors[worst] > LARGEST_FLOAT32_ERROR:
        raise RuntimeError(f"{case}: float32 differs by {errors[worst]:.1e}; choose another seed")


def report_policies(case: str, network: nn.Module) -> None:
    """Says how much the clips' decisions differ, so that a dull case is seen."""
    layers = dynamic_layers(network)
    differing, zeros, values = 0, 0, 0
    for layer in layers.values():
        for v in layer.policy:
            differing += int(len({tuple(row) for row in (v > 0).tolist()}) > 1)
            zeros += int((v == 0).sum())
            values += v.numel()
    print(f"{case}: {differing} of {2 * len(layers)} gates differ by clip; {zeros}/{values} zeros")


def network_entries(case: str, network: nn.Module, clips: Tensor) -> dict[str, Value]:
    """What network-<case>.h5 holds, checked to be clear of rounding."""
    labels = mostly_right_labels(network, clips, network.configuration.classes)
    check_margins(case, network, clips, labels)
    entries: dict[str, Value] = {f"model/{name}": value for name, value in state(network).items()}
    entries |= {"clips": clips, "labels": labels, "full_macs": full_macs(network)}
    run = copy.deepcopy(network)
    results = both_passes(run, clips, labels)
    check_float32(case, float32_errors(network, clips, labels, results))
    report_policies(case, run)
    return entries | results


def write_network(folder: Path, case: str) -> None:
    """Writes network-<case>.h5."""
    seed, configuration = CASES[case]
    random = np.random.RandomState(seed)
    clips = random_clips(random, CLIPS, configuration.frames, configuration.size)
    network = build(configuration, random, clips)
    entries = network_entries(case, network, clips)
    write(folder / f"network-{case}.h5", entries, describe(configuration))
