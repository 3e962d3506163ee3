"""The engine's random candidates (PolicySource.drawn) and its dropout (Dropout), so that the
reference takes the very ones.

A draw is a pure function of the clip's key and the layer's name: the numbers of the SplitMix64
stream that starts at FNV-1a(name) xor key * 0x9e3779b97f4a7c15; for candidates the first alone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from costs import convolution_macs, full_convolution_macs
from reference import DynamicConv3d

MASK = 2**64 - 1
GOLDEN_RATIO = 0x9E3779B97F4A7C15


def uniforms(key: int, name: str, count: int) -> list[float]:
    """The stream's first numbers, in [0, 1)."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    state ^= key * GOLDEN_RATIO & MASK
    numbers = []
    for _ in range(count):
        state = (state + GOLDEN_RATIO) & MASK
        z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        numbers.append(((z ^ (z >> 31)) >> 11) * 2.0**-53)
    return numbers


def uniform(key: int, name: str) -> float:
    """The stream's first number, in [0, 1)."""
    return uniforms(key, name, 1)[0]


def kept(keys: list[int], name: str, count: int, probability: float) -> Tensor:
    """[N, count]: what dropout multiplies the values that layer `name` reads with."""
    numbers = torch.tensor([uniforms(key, name, count) for key in keys], dtype=torch.float64)
    return (numbers >= probability).double() / (1 - probability)


def executed_ratio(layer: DynamicConv3d, a: int, b: int) -> float:
    """r(a, b): the share of the layer's convolution that the pair executes."""
    frames = -(-layer.output_shape[0] // layer.temporal_strides[a])
    macs = convolution_macs(layer, layer.channel_counts[b], frames)
    return macs / full_convolution_macs(layer)


def draw(layer: DynamicConv3d, name: str, key: int | None, tilt: float) -> tuple[int, int]:
    """The pair (a, b) of a clip, with a probability proportional to exp(-tilt * r(a, b)).

    Pairs are in the order of a, then b. A clip without a key is computed in full.
    """
    if key is None:
        return (0, 0)
    strides, counts = range(len(layer.temporal_strides)), range(len(layer.channel_counts))
    pairs = [(a, b) for a in strides for b in counts]
    weights = [math.exp(-tilt * executed_ratio(layer, a, b)) for a, b in pairs]
    place = uniform(key, name) * sum(weights)
    for pair, weight in zip(pairs, weights, strict=True):
        if place < weight:
            return pair
        place -= weight
    return pairs[-1]
