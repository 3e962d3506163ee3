"""The dynamic network of METHOD sections 1, 2, 4 and 5, written to be obviously right, not fast.

Every dynamic convolution computes the whole of F and every candidate, and lets autograd find the
gradients: a witness that shares nothing with the engine's partial execution and hand-written
backward passes. Of section 4 it has motion energy, and policies that gates do not learn from. Cost,
loss and counting are in costs.py.

Letters: N clips, C input channels, K output channels, T H W frames, height and width of the input,
T' H' W' those of the output, kernel (kT, kH, kW).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

Triple = tuple[int, int, int]

CHANNEL_BLOCK = 16


@dataclass(frozen=True)
class DynamicConfiguration:
    """The search space, the gate and its cost; `gate_form` is "normalised", "published" or
    "sparsemax", which starts at `temperature`; `kappa` that of the saturating cost, None for the
    linear one."""

    temporal_candidates: int = 2
    channel_candidates: int = 2
    gate_form: str = "normalised"
    gate_hidden: int = 32
    motion_energy: bool = False
    kappa: float | None = None
    temperature: float = 1.0


@dataclass(frozen=True)
class NetworkConfiguration:
    """A network for clips of shape [3, frames, size, size]; `dynamic` None: the fixed one.

    `depth` is that of an R(2+1)D; of another network `model` says which.
    """

    classes: int
    frames: int
    size: int
    depth: int = 18
    width: float = 1.0
    dynamic: DynamicConfiguration | None = None
    model: str | None = None


class Policy(NamedTuple):
    """A gate's output v: temporal [N, St] and channel [N, Sc]; zeros are exact."""

    temporal: Tensor
    channel: Tensor


def temporal_strides(requested: int, frames: int) -> list[int]:
    """R_a = 2^a for a < requested, as far as R_a <= T' (frames is T')."""
    return [2**a for a in range(requested) if 2**a <= frames]


def channel_counts(requested: int, channels: int) -> list[int]:
    """n_b = min(K, 16 * ceil(K / (16 * 2^b))) for b < requested, strictly decreasing."""
    counts: list[int] = []
    for b in range(requested):
        blocks = -(-channels // (CHANNEL_BLOCK * 2**b))
        count = min(channels, CHANNEL_BLOCK * blocks)
        if not counts or count < counts[-1]:
            counts.append(count)
    return counts


def output_shape(shape: Triple, kernel: Triple, stride: Triple, padding: Triple) -> Triple:
    """(T', H', W') of a convolution of an input (T, H, W)."""
    t, h, w = (
        (n + 2 * p - k) // s + 1 for n, k, s, p in zip(shape, kernel, stride, padding, strict=True)
    )
    return (t, h, w)


# Section 1: the dynamic convolution.


def depthwise(frames: Tensor, kernels: Tensor) -> Tensor:
    """The cheap operation: 3x3 kernels [C, 3, 3] on [N, C, T, H, W], stride 1, zero padding 1."""
    weight = kernels[:, None, None]
    return functional.conv3d(frames, weight, padding=(0, 1, 1), groups=frames.shape[1])


def reconstruct_channels(full: Tensor, computed: int, phi: Tensor | None) -> Tensor:
    """C_b: channel c < n_b is F[c]; channel c >= n_b is phi[c - n_b] * F[c mod n_b].

    phi is None for b = 0, where every channel is computed.
    """
    if phi is None:
        return full
    sources = torch.arange(computed, full.shape[1]) % computed
    return torch.cat([full[:, :computed], depthwise(full[:, sources], phi)], dim=1)


def reconstruct_frames(y: Tensor, stride: int, phi: Tensor | None) -> Tensor:
    """T_a: frame t with t mod R = 0 is Y[t]; another is phi[t mod R - 1] * Y[R * (t // R)].

    phi is None for a = 0, where every frame is computed.
    """
    if phi is None:
        return y
    frames = []
    for t in range(y.shape[2]):
        start = stride * (t // stride)
        base = y[:, :, start : start + 1]
        frames.append(base if t == start else depthwise(base, phi[t - start - 1]))
    return torch.cat(frames, dim=2)


def mix(
    full: Tensor,
    policy: Policy,
    strides: list[int],
    counts: list[int],
    phi_t: dict[int, Tensor],
    phi_s: dict[int, Tensor],
) -> Tensor:
    """Y = sum_a v_t[a] T_a(sum_b v_c[b] C_b(F)), every candidate computed."""
    by_clip = (-1, 1, 1, 1, 1)
    y = torch.zeros_like(full)
    for b, computed in enumerate(counts):
        candidate = reconstruct_channels(full, computed, phi_s.get(b))
        y = y + policy.channel[:, b].view(by_clip) * candidate
    output = torch.zeros_like(full)
    for a, stride in enumerate(strides):
        candidate = reconstruct_frames(y, stride, phi_t.get(a))
        output = output + policy.temporal[:, a].view(by_clip) * candidate
    return output


# Section 2: the soft modulation gate.


def normalise(u: Tensor) -> Tensor:
    """u / sum(u) for each clip; where the sum is zero the cheapest (last) candidate gets 1."""
    total = u.sum(dim=1, keepdim=True)
    cheapest = torch.zeros_like(u)
    cheapest[:, -1] = 1
    return torch.where(total > 0, u / torch.where(total > 0, total, 1), cheapest)


def sparsemax_threshold(z: Tensor) -> Tensor:
    """theta [N, 1] of z [N, S]: sparsemax(z) is max(z - theta, 0), and sums to 1.

    Martins & Astudillo 2016, algorithm 1: of the values in falling order the first k are above it,
    k the largest for which 1 + k z_(k) exceeds their sum.
    """
    falling = z.sort(dim=1, descending=True).values
    sums = falling.cumsum(dim=1)
    places = torch.arange(1, z.shape[1] + 1, dtype=z.dtype)
    count = (1 + places * falling > sums).sum(dim=1, keepdim=True)
    return (sums.gather(1, count - 1) - 1) / count


def motion_energy(x: Tensor) -> Tensor:
    """[N, C, T]: the mean over H and W of |X[t] - X[t-1]|, 0 at t = 0 (METHOD section 4)."""
    moved = (x[:, :, 1:] - x[:, :, :-1]).abs().mean(dim=(3, 4))
    return functional.pad(moved, (1, 0))


class SoftModulationGate(nn.Module):
    """X -> v: `inputs`, fc1, batch norm, tanh, fc2, max(tanh, 0); sparsemax: fc2 over the
    temperature, less each group's threshold, max(., 0)."""

    def __init__(
        self, channels: int, frames: int, candidates: tuple[int, int], search: DynamicConfiguration
    ) -> None:
        super().__init__()
        form, hidden = search.gate_form, search.gate_hidden
        inputs = channels * frames * (2 if search.motion_energy else 1)
        if form not in ("normalised", "published", "sparsemax"):
            raise ValueError(
                f"gate form {form!r}: expected 'normalised', 'published' or 'sparsemax'"
            )
        self.form = form
        self.candidates = candidates
        self.sees_motion = search.motion_energy
        self.fc1 = nn.Linear(inputs, hidden, bias=False)
        self.bn = nn.BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, sum(candidates))
        self.relu = nn.ReLU()
        if form == "sparsemax":
            self.register_buffer("temperature", torch.tensor([search.temperature]))
        nn.init.normal_(self.fc2.weight, std=0.01)
        nn.init.ones_(self.fc2.bias)

    def inputs(self, x: Tensor) -> Tensor:
        """The means over H and W, [N, C * T], index c * T + t; then as many motion energies."""
        means = x.mean(dim=(3, 4)).flatten(1)
        if not self.sees_motion:
            return means
        return torch.cat([means, motion_energy(x).flatten(1)], dim=1)

    def forward(self, x: Tensor) -> Policy:
        hidden = torch.tanh(self.bn(self.fc1(self.inputs(x))))
        if self.form == "sparsemax":
            groups = (self.fc2(hidden) / self.temperature).split(self.candidates, dim=1)
            return Policy(*(self.relu(z - sparsemax_threshold(z)) for z in groups))
        u = self.relu(torch.tanh(self.fc2(hidden)))
        temporal, channel = u.split(self.candidates, dim=1)
        if self.form == "normalised":
            return Policy(normalise(temporal), normalise(channel))
        return Policy(temporal, channel)


class DynamicConv3d(nn.Module):
    """A convolution without bias whose output is partly computed, partly reconstructed.

    After forward, `policy` has the decision for every clip. One that is `held` is taken instead of
    the gate's; a `frozen` gate keeps its running statistics, decides by them, and learns nothing.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Triple,
        stride: Triple,
        padding: Triple,
        input_shape: Triple,
        configuration: DynamicConfiguration,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = padding
        self.groups = groups
        self.input_shape = input_shape
        self.output_shape = output_shape(input_shape, kernel, stride, padding)
        self.temporal_strides = temporal_strides(
            configuration.temporal_candidates, self.output_shape[0]
        )
        self.channel_counts = channel_counts(configuration.channel_candidates, outputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, *kernel))
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")
        self.kappa = configuration.kappa
        self.gate = SoftModulationGate(
            inputs,
            input_shape[0],
            (len(self.temporal_strides), len(self.channel_counts)),
            configuration,
        )
        self.phi_s = nn.ParameterDict()
        for b, computed in list(enumerate(self.channel_counts))[1:]:
            phi = 0.1 * torch.randn(outputs - computed, 3, 3)
            phi[:, 1, 1] += 1
            self.phi_s[str(b)] = nn.Parameter(phi)
        self.phi_t = nn.ParameterDict()
        for a, frames in list(enumerate(self.temporal_strides))[1:]:
            phi = torch.zeros(frames - 1, outputs, 3, 3)
            phi[..., 1, 1] = 1
            self.phi_t[str(a)] = nn.Parameter(phi)
        self.held: Policy | None = None
        self.frozen = False
        self.policy: Policy | None = None

    def forward(self, x: Tensor) -> Tensor:
        self.policy = self.decide(x)
        return self.modulated(x, self.policy)

    def decide(self, x: Tensor) -> Policy:
        """The policy of every clip."""
        if self.held is not None:
            return Policy(self.held.temporal.to(x), self.held.channel.to(x))
        if not self.frozen:
            return self.gate(x)
        self.gate.eval()
        with torch.no_grad():
            return self.gate(x)

    def hold(self, candidates: list[tuple[int, int]]) -> None:
        """From now on clip n takes this pair (a, b); the last candidate where there are fewer."""
        st, sc = len(self.temporal_strides), len(self.channel_counts)
        temporal = torch.tensor([min(a, st - 1) for a, _ in candidates])
        channel = torch.tensor([min(b, sc - 1) for _, b in candidates])
        self.held = Policy(functional.one_hot(temporal, st), functional.one_hot(channel, sc))

    def modulated(self, x: Tensor, policy: Policy) -> Tensor:
        """The output for a policy given from outside."""
        full = functional.conv3d(
            x, self.weight, stride=self.stride, padding=self.padding, groups=self.groups
        )
        phi_t = {int(a): phi for a, phi in self.phi_t.items()}
        phi_s = {int(b): phi for b, phi in self.phi_s.items()}
        return mix(full, policy, self.temporal_strides, self.channel_counts, phi_t, phi_s)


# Section 5: R(2+1)D, with torchvision's names.


class Factored(nn.Sequential):
    """(2+1)D convolution: 1x3x3, batch norm, ReLU, 3x1x1; torchvision's Conv2Plus1D."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        middle: int,
        stride: int,
        input_shape: Triple,
        dynamic: DynamicConfiguration | None,
    ) -> None:
        spatial = ((1, 3, 3), (1, stride, stride), (0, 1, 1))
        temporal = ((3, 1, 1), (stride, 1, 1), (1, 0, 0))
        middle_shape = output_shape(input_shape, *spatial)
        super().__init__(
            convolution(inputs, middle, *spatial, input_shape, dynamic),
            nn.BatchNorm3d(middle),
            nn.ReLU(),
            convolution(middle, outputs, *temporal, middle_shape, dynamic),
        )
        self.output_shape = output_shape(middle_shape, *temporal)


def convolution(
    inputs: int,
    outputs: int,
    kernel: Triple,
    stride: Triple,
    padding: Triple,
    input_shape: Triple,
    dynamic: DynamicConfiguration | None,
    groups: int = 1,
) -> nn.Module:
    """A dynamic convolution, or a plain one if `dynamic` is None."""
    if dynamic is not None:
        return DynamicConv3d(
            inputs, outputs, kernel, stride, padding, input_shape, dynamic, groups
        )
    conv = nn.Conv3d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv


class BasicBlock(nn.Module):
    """Two (2+1)D convolutions and a shortcut; one mid-channel count serves both convolutions."""

    def __init__(
        self,
        inputs: int,
        planes: int,
        stride: int,
        input_shape: Triple,
        dynamic: DynamicConfiguration | None,
    ) -> None:
        super().__init__()
        middle = (inputs * planes * 27) // (inputs * 9 + 3 * planes)
        first = Factored(inputs, planes, middle, stride, input_shape, dynamic)
        self.output_shape = first.output_shape
        second = Factored(planes, planes, middle, 1, self.output_shape, dynamic)
        self.conv1 = nn.Sequential(first, nn.BatchNorm3d(planes), nn.ReLU())
        self.conv2 = nn.Sequential(second, nn.BatchNorm3d(planes))
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != planes:
            shortcut = nn.Conv3d(inputs, planes, 1, stride, bias=False)
            nn.init.kaiming_normal_(shortcut.weight, mode="fan_out", nonlinearity="relu")
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm3d(planes))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(self.conv2(self.conv1(x)) + shortcut)


def scaled(channels: int, width: float) -> int:
    """Channels times the width multiplier, rounded to the nearest (a half: up)."""
    return int(channels * width + 0.5)


class R2Plus1D(nn.Module):
    """R(2+1)D-18 or -34 for clips [N, 3, T, H, W]; logits [N, classes]."""

    def __init__(self, configuration: NetworkConfiguration) -> None:
        super().__init__()
        if configuration.depth not in (18, 34):
            raise ValueError(f"depth {configuration.depth}: expected 18 or 34")
        self.configuration = configuration
        width = configuration.width
        blocks = [2, 2, 2, 2] if configuration.depth == 18 else [3, 4, 6, 3]
        channels, middle = scaled(64, width), scaled(45, width)
        self.stem = nn.Sequential(
            nn.Conv3d(3, middle, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False),
            nn.BatchNorm3d(middle),
            nn.ReLU(),
            nn.Conv3d(middle, channels, (3, 1, 1), 1, (1, 0, 0), bias=False),
            nn.BatchNorm3d(channels),
            nn.ReLU(),
        )
        for conv in (self.stem[0], self.stem[3]):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        clip = (configuration.frames, configuration.size, configuration.size)
        shape = output_shape(clip, (1, 7, 7), (1, 2, 2), (0, 3, 3))
        for i, count in enumerate(blocks):
            planes = scaled(64 * 2**i, width)
            layer = nn.Sequential()
            for j in range(count):
                stride = 2 if i > 0 and j == 0 else 1
                layer.append(BasicBlock(channels, planes, stride, shape, configuration.dynamic))
                channels, shape = planes, layer[-1].output_shape
            self.add_module(f"layer{i + 1}", layer)
        self.fc = nn.Linear(channels, configuration.classes)

    def forward(self, clips: Tensor) -> Tensor:
        x = self.stem(clips)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return self.fc(x.mean(dim=(2, 3, 4)))


def dynamic_layers(network: nn.Module) -> dict[str, DynamicConv3d]:
    """The dynamic convolutions by name, in forward order."""
    return {n: m for n, m in network.named_modules() if isinstance(m, DynamicConv3d)}


def state(network: nn.Module) -> dict[str, Tensor]:
    """Parameters and running statistics by name; num_batches_tracked is left out."""
    entries = network.state_dict().items()
    return {n: v.detach().clone() for n, v in entries if not n.endswith("num_batches_tracked")}
