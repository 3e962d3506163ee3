"""X3D (METHOD section 5), fixed or dynamic, with PyTorchVideo's names; written from the paper's
table 1 and from what the names of its public weights say, to be obviously right, not fast.

Letters as in reference.py. A shape is (T, H, W) of what a module reads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reference import (
    DynamicConfiguration,
    NetworkConfiguration,
    Triple,
    convolution,
    output_shape,
    scaled,
)

DEPTH_FACTORS = {"x3d-m": 2.2, "x3d-l": 5.0}
BASE_BLOCKS = (1, 2, 5, 3)
BASE_CHANNELS = (24, 48, 96, 192)
BOTTLENECK = 2.25


def pointwise(inputs: int, outputs: int, stride: int = 1, bias: bool = False) -> nn.Conv3d:
    """A 1x1x1 convolution, strided over space."""
    return nn.Conv3d(inputs, outputs, 1, (1, stride, stride), bias=bias)


def excitation_units(channels: int) -> int:
    """channels / 16 to the nearest multiple of 8, at least 8; never below 90 % of it."""
    exact = channels / 16
    units = max(8, 8 * math.floor(exact / 8 + 0.5))
    return units + 8 if units < 0.9 * exact else units


class SqueezeExcitation(nn.Module):
    """x times sigmoid(conv(relu(conv(mean over T, H and W of x))))."""

    def __init__(self, channels: int, units: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            pointwise(channels, units, bias=True),
            nn.ReLU(),
            pointwise(units, channels, bias=True),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.block(x.mean(dim=(2, 3, 4), keepdim=True))


@dataclass(frozen=True)
class BlockPlan:
    """What a residual block is: channels of its input, between and behind its convolutions, stride
    over space, whether it has squeeze-and-excitation, the (T, H, W) it reads, and how its
    convolutions are dynamic."""

    inputs: int
    inner: int
    outputs: int
    stride: int
    excitation: bool
    shape: Triple
    dynamic: DynamicConfiguration | None


class Bottleneck(nn.Module):
    """1x1x1, norm, ReLU; depthwise 3x3x3, norm, squeeze-and-excitation, swish; 1x1x1, norm. The
    three convolutions are dynamic where the plan says so."""

    def __init__(self, plan: BlockPlan) -> None:
        super().__init__()
        inner, dynamic = plan.inner, plan.dynamic
        dense = ((1, 1, 1), (1, 1, 1), (0, 0, 0))
        filtered = ((3, 3, 3), (1, plan.stride, plan.stride), (1, 1, 1))
        self.output_shape = output_shape(plan.shape, *filtered)
        self.conv_a = convolution(plan.inputs, inner, *dense, plan.shape, dynamic)
        self.norm_a = nn.BatchNorm3d(inner)
        self.act_a = nn.ReLU()
        self.conv_b = convolution(inner, inner, *filtered, plan.shape, dynamic, groups=inner)
        squeeze = (
            SqueezeExcitation(inner, excitation_units(inner)) if plan.excitation else nn.Identity()
        )
        self.norm_b = nn.Sequential(nn.BatchNorm3d(inner), squeeze)
        self.act_b = nn.SiLU()
        self.conv_c = convolution(inner, plan.outputs, *dense, self.output_shape, dynamic)
        self.norm_c = nn.BatchNorm3d(plan.outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act_a(self.norm_a(self.conv_a(x)))
        x = self.act_b(self.norm_b(self.conv_b(x)))
        return self.norm_c(self.conv_c(x))


class ResidualBlock(nn.Module):
    """relu(bottleneck(x) + shortcut(x)). A projection has a norm only where channels change."""

    def __init__(self, plan: BlockPlan) -> None:
        super().__init__()
        if plan.stride != 1 or plan.inputs != plan.outputs:
            self.branch1_conv = pointwise(plan.inputs, plan.outputs, plan.stride)
        if plan.inputs != plan.outputs:
            self.branch1_norm = nn.BatchNorm3d(plan.outputs)
        self.branch2 = Bottleneck(plan)
        self.activation = nn.ReLU()

    def shortcut(self, x: Tensor) -> Tensor:
        if hasattr(self, "branch1_conv"):
            x = self.branch1_conv(x)
        return self.branch1_norm(x) if hasattr(self, "branch1_norm") else x

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)
        return self.activation(self.branch2(x) + shortcut)


class Stage(nn.Module):
    """Residual blocks, the first strided; squeeze-and-excitation in every second one."""

    def __init__(
        self,
        count: int,
        inputs: int,
        outputs: int,
        shape: Triple,
        dynamic: DynamicConfiguration | None,
    ) -> None:
        super().__init__()
        inner = int(BOTTLENECK * outputs)
        self.res_blocks = nn.ModuleList()
        for i in range(count):
            plan = BlockPlan(
                inputs=outputs if i else inputs,
                inner=inner,
                outputs=outputs,
                stride=1 if i else 2,
                excitation=i % 2 == 0,
                shape=shape,
                dynamic=dynamic,
            )
            self.res_blocks.append(ResidualBlock(plan))
            shape = self.res_blocks[-1].branch2.output_shape
        self.output_shape = shape

    def forward(self, x: Tensor) -> Tensor:
        for block in self.res_blocks:
            x = block(x)
        return x


class StemConvolution(nn.Module):
    """1x3x3 over space, then depthwise 5x1x1; in the public weights `conv_t` is the first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_t = nn.Conv3d(3, channels, (1, 3, 3), (1, 2, 2), (0, 1, 1), bias=False)
        self.conv_xy = nn.Conv3d(
            channels, channels, (5, 1, 1), 1, (2, 0, 0), groups=channels, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_xy(self.conv_t(x))


class Stem(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = StemConvolution(channels)
        self.norm = nn.BatchNorm3d(channels)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(self.conv(x)))


class ProjectedPool(nn.Module):
    """1x1x1, norm, ReLU; the mean over T, H and W; 1x1x1, ReLU."""

    def __init__(self, inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.pre_conv = pointwise(inputs, inner)
        self.pre_norm = nn.BatchNorm3d(inner)
        self.pre_act = nn.ReLU()
        self.post_conv = pointwise(inner, outputs)
        self.post_act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.pre_act(self.pre_norm(self.pre_conv(x)))
        return self.post_act(self.post_conv(x.mean(dim=(2, 3, 4), keepdim=True)))


class Head(nn.Module):
    """The pool, dropout by a factor for every clip and value where one is given, the classifier."""

    def __init__(self, inputs: int, inner: int, outputs: int, classes: int) -> None:
        super().__init__()
        self.pool = ProjectedPool(inputs, inner, outputs)
        self.proj = nn.Linear(outputs, classes)
        self.kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(x).flatten(1)
        if self.training and self.kept is not None:
            x = x * self.kept.to(x)
        return self.proj(x)


class X3D(nn.Module):
    """X3D-M or -L for clips [N, 3, T, H, W]; logits [N, classes]."""

    def __init__(self, configuration: NetworkConfiguration) -> None:
        super().__init__()
        self.configuration = configuration
        width, factor = configuration.width, DEPTH_FACTORS[configuration.model]
        channels = scaled(BASE_CHANNELS[0], width)
        self.blocks = nn.ModuleList([Stem(channels)])
        clip = (configuration.frames, configuration.size, configuration.size)
        shape = output_shape(clip, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        for base, count in zip(BASE_CHANNELS, BASE_BLOCKS, strict=True):
            outputs = scaled(base, width)
            depth = math.ceil(factor * count)
            self.blocks.append(Stage(depth, channels, outputs, shape, configuration.dynamic))
            channels, shape = outputs, self.blocks[-1].output_shape
        inner = int(BOTTLENECK * channels)
        self.blocks.append(Head(channels, inner, scaled(2048, width), configuration.classes))
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, clips: Tensor) -> Tensor:
        x = clips
        for block in self.blocks:
            x = block(x)
        return x
