"""dynamic.h5: single dynamic convolutions under given policies, and gates on their own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from costs import cheap_macs, executed_convolution_macs
from golden_file import Value, normal, relative_error, uniform, write
from reference import DynamicConfiguration, DynamicConv3d, Policy, Triple, normalise

SPATIAL: Triple = (1, 3, 3)
TEMPORAL: Triple = (3, 1, 1)
SMALLEST_GATE_MARGIN = 5e-3
LARGEST_FLOAT32_ERROR = 2e-5


@dataclass(frozen=True)
class LayerCase:
    """A dynamic convolution: C to K channels, clips [C, T, H, W]; `stride` along the kernel."""

    seed: int
    inputs: int
    outputs: int
    kernel: Triple
    stride: int
    shape: Triple
    clips: int
    search: DynamicConfiguration

    @property
    def strides(self) -> Triple:
        s = self.stride
        return (1, s, s) if self.kernel == SPATIAL else (s, 1, 1)

    @property
    def padding(self) -> Triple:
        return (0, 1, 1) if self.kernel == SPATIAL else (1, 0, 0)


def search(temporal: int, channel: int, form: str = "normalised") -> DynamicConfiguration:
    """St and Sc as asked for, before candidates collapse."""
    return DynamicConfiguration(temporal, channel, form)


LAYERS: dict[str, LayerCase] = {
    "spatial-2x2": LayerCase(1, 12, 40, SPATIAL, 1, (8, 4, 3), 4, search(2, 2)),
    "spatial-stride-3x3": LayerCase(2, 20, 64, SPATIAL, 2, (8, 4, 5), 6, search(3, 3)),
    "temporal-3x2": LayerCase(3, 18, 48, TEMPORAL, 1, (8, 2, 3), 5, search(3, 2)),
    "temporal-stride-2x3": LayerCase(4, 36, 64, TEMPORAL, 2, (8, 2, 3), 5, search(2, 3)),
    "temporal-odd-3x3-published": LayerCase(
        5, 10, 40, TEMPORAL, 1, (5, 2, 3), 6, search(3, 3, "published")
    ),
    "spatial-odd-3x2-published": LayerCase(
        6, 16, 48, SPATIAL, 2, (5, 5, 4), 6, search(3, 2, "published")
    ),
    "spatial-1x3": LayerCase(7, 12, 48, SPATIAL, 1, (5, 3, 2), 4, search(1, 3)),
    "temporal-3x1": LayerCase(8, 24, 40, TEMPORAL, 1, (8, 2, 2), 4, search(3, 1)),
    "temporal-collapsed": LayerCase(9, 36, 16, TEMPORAL, 2, (2, 3, 3), 3, search(3, 3)),
    "spatial-1x1-output": LayerCase(10, 17, 33, SPATIAL, 2, (4, 2, 2), 4, search(2, 2)),
}

GATES: dict[str, LayerCase] = {
    "normalised": LayerCase(21, 12, 64, SPATIAL, 1, (8, 4, 3), 6, search(3, 3)),
    "published": LayerCase(22, 20, 40, TEMPORAL, 1, (5, 3, 3), 6, search(2, 3, "published")),
    "normalised-single": LayerCase(23, 18, 16, SPATIAL, 1, (8, 3, 3), 4, search(3, 3)),
}


def build(case: LayerCase, random: np.random.RandomState) -> DynamicConv3d:
    """The layer, every parameter random and exact in float32."""
    layer = DynamicConv3d(
        case.inputs,
        case.outputs,
        case.kernel,
        case.strides,
        case.padding,
        case.shape,
        case.search,
    ).double()
    with torch.no_grad():
        layer.weight.copy_(
            normal(random, *layer.weight.shape, scale=layer.weight[0].numel() ** -0.5)
        )
        for phi in [*layer.phi_s.values(), *layer.phi_t.values()]:
            phi.copy_(normal(random, *phi.shape, scale=0.4))
        gate = layer.gate
        gate.fc1.weight.copy_(normal(random, *gate.fc1.weight.shape, scale=0.3))
        gate.fc2.weight.copy_(normal(random, *gate.fc2.weight.shape, scale=0.2))
        gate.fc2.bias.copy_(uniform(random, -0.3, 0.3, *gate.fc2.bias.shape))
        gate.bn.weight.copy_(uniform(random, 0.7, 1.3, gate.bn.num_features))
        gate.bn.bias.copy_(uniform(random, -0.3, 0.3, gate.bn.num_features))
        gate.bn.running_mean.copy_(normal(random, gate.bn.num_features, scale=0.3))
        gate.bn.running_var.copy_(uniform(random, 0.2, 0.6, gate.bn.num_features))
    return layer


def given_policy(random: np.random.RandomState, clips: int, candidates: int, form: str) -> Tensor:
    """v [clips, candidates]: clip n's first candidate above 0 is n mod candidates, others by lot.

    Published form: v is not normalised, and the last clip's is all zero.
    """
    u = uniform(random, 0.2, 0.9, clips, candidates)
    for n in range(clips):
        first = n % candidates
        u[n, :first] = 0
        for i in range(first + 1, candidates):
            if random.randint(2) == 0:
                u[n, i] = 0
    if form == "published":
        u[-1] = 0
        return u
    return normalise(u).float().double()


def shared_order(v: Tensor) -> Tensor:
    """Clips in another order, so that temporal and channel decisions do not go in step."""
    half = len(v) // 2
    return torch.cat([v[half:], v[:half]])


def pair_of_policies(
    case: LayerCase, layer: DynamicConv3d, random: np.random.RandomState
) -> Policy:
    """Temporal and channel weights; published: one clip with no channel, one with no frame."""
    form = case.search.gate_form
    temporal = given_policy(random, case.clips, len(layer.temporal_strides), form)
    channel = given_policy(random, case.clips, len(layer.channel_counts), form)
    return Policy(temporal, shared_order(channel))


def gradients(
    function: Callable[..., Tensor], inputs: dict[str, Tensor], dy: Tensor
) -> dict[str, Tensor]:
    """y and d<name> for every input."""
    leaves = {n: v.detach().clone().requires_grad_() for n, v in inputs.items()}
    y = function(**leaves)
    found = torch.autograd.grad(y, list(leaves.values()), dy.to(y.dtype), materialize_grads=True)
    return {"y": y.detach()} | {f"d{n}": g for n, g in zip(leaves, found, strict=True)}


def single(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same inputs in float32."""
    return {n: v.detach().float() for n, v in inputs.items()}


def check_float32(name: str, results: dict[str, Tensor], truth: dict[str, Tensor]) -> None:
    """Raises unless float32 gives the same results to rounding."""
    worst = max(relative_error(results[n], truth[n]) for n in truth)
    print(f"{name}: largest error of a float32 run {worst:.1e}")
    if worst > LARGEST_FLOAT32_ERROR:
        raise RuntimeError(f"{name}: float32 differs by {worst:.1e}; choose another seed")


def describe(case: LayerCase, layer: DynamicConv3d) -> dict[str, Value]:
    """The layer's geometry."""
    return {
        "stride": list(layer.stride),
        "padding": list(layer.padding),
        "temporal_strides": layer.temporal_strides,
        "channel_counts": layer.channel_counts,
    }


def layer_entries(name: str, case: LayerCase) -> dict[str, Value]:
    """One dynamic convolution under a given policy, forward and backward."""
    random = np.random.RandomState(case.seed)
    layer = build(case, random)
    policy = pair_of_policies(case, layer, random)
    inputs = {"x": normal(random, case.clips, case.inputs, *case.shape), "weight": layer.weight}
    inputs |= {f"phi_s.{b}": phi for b, phi in layer.phi_s.items()}
    inputs |= {f"phi_t.{a}": phi for a, phi in layer.phi_t.items()}
    inputs |= {"v_t": policy.temporal, "v_c": policy.channel}
    dy = normal(random, case.clips, case.outputs, *layer.output_shape)

    def run(**given: Tensor) -> Tensor:
        names = {"weight"} | {n for n in given if n.startswith("phi_")}
        own = {n: given[n] for n in names}
        arguments = (given["x"], Policy(given["v_t"], given["v_c"]))
        return torch.func.functional_call(Modulated(layer), prefixed(own), arguments)

    truth = gradients(run, inputs, dy)
    check_float32(name, gradients(run, single(inputs), dy), truth)
    clips = range(case.clips)
    macs = {
        "executed_conv_macs": [executed_convolution_macs(layer, policy, n) for n in clips],
        "cheap_macs": [cheap_macs(layer, policy, n) for n in clips],
    }
    return describe(case, layer) | inputs | {"dy": dy} | truth | macs


class Modulated(torch.nn.Module):
    """A layer called with a policy given from outside."""

    def __init__(self, layer: DynamicConv3d) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, policy: Policy) -> Tensor:
        return self.layer.modulated(x, policy)


def prefixed(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Parameters under their names in `Modulated`."""
    return {f"layer.{n}": v for n, v in parameters.items()}


def gate_run(layer: DynamicConv3d, x: Tensor, dv: Tensor, dtype: torch.dtype) -> dict[str, Tensor]:
    """The gate in inference, then a training step of it; dv is temporal | channel."""
    gate = layer.gate.to(dtype)
    gate.zero_grad(set_to_none=True)
    leaf = x.detach().to(dtype).requires_grad_()
    with torch.no_grad():
        inferred = gate.eval()(leaf)
    policy = gate.train()(leaf)
    torch.cat(policy, dim=1).backward(dv.to(dtype))
    results = {
        "v_t": policy.temporal,
        "v_c": policy.channel,
        "inference/v_t": inferred.temporal,
        "inference/v_c": inferred.channel,
        "updated/bn.running_mean": gate.bn.running_mean,
        "updated/bn.running_var": gate.bn.running_var,
        "dx": leaf.grad,
    }
    results |= {f"gradients/{n}": p.grad for n, p in gate.named_parameters()}
    return {n: v.detach().clone() for n, v in results.items()}


def gate_entries(name: str, case: LayerCase) -> dict[str, Value]:
    """One gate: seeds are tried from case.seed on, until no clip is close to the kink."""
    for seed in range(case.seed, case.seed + 10_000, 100):
        random = np.random.RandomState(seed)
        layer = build(case, random)
        x = normal(random, case.clips, case.inputs, *case.shape)
        x = x + normal(random, case.clips, case.inputs, case.shape[0], 1, 1)
        x = x.detach().float().double()
        if case.search.motion_energy:  # a clip in which nothing moves: its energy has no gradient
            x[-1] = x[-1, :, :1]
        if gate_margin(layer, x) < SMALLEST_GATE_MARGIN:
            continue
        dv_t = normal(random, case.clips, len(layer.temporal_strides))
        dv_c = normal(random, case.clips, len(layer.channel_counts))
        dv = torch.cat([dv_t, dv_c], dim=1)
        model = {f"model/{n}": v.clone() for n, v in layer.gate.state_dict().items()}
        model.pop("model/bn.num_batches_tracked")
        truth = gate_run(layer, x, dv, torch.float64)
        again = build(case, np.random.RandomState(seed))
        check_float32(name, gate_run(again, x, dv, torch.float32), truth)
        entries = {"x": x, "dv_t": dv_t, "dv_c": dv_c}
        return describe(case, layer) | model | entries | truth
    raise RuntimeError(f"{name}: every seed is too close to a kink")


def gate_margin(layer: DynamicConv3d, x: Tensor) -> float:
    """The input of the gate's max(., 0) closest to zero, in training and in inference."""
    gate, margins = copy.deepcopy(layer.gate), []
    gate.relu.register_forward_pre_hook(
        lambda _, inputs: margins.append(inputs[0].abs().min().item())
    )
    with torch.no_grad():
        gate.train()(x)
        gate.load_state_dict(layer.gate.state_dict())
        gate.eval()(x)
    return min(margins)


def write_dynamic(folder: Path) -> None:
    """Writes dynamic.h5."""
    entries: dict[str, Value] = {}
    for name, case in LAYERS.items():
        entries |= {f"layers/{name}/{n}": v for n, v in layer_entries(name, case).items()}
    for name, case in GATES.items():
        entries |= {f"gates/{name}/{n}": v for n, v in gate_entries(name, case).items()}
    write(folder / "dynamic.h5", entries)
