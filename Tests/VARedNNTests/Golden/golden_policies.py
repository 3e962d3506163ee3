"""network-frozen-gates.h5 and network-drawn.h5: policies that the gates do not learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from costs import conv_ratios, executed_macs
from draws import draw
from golden_file import Value, relative_error, write
from golden_network import (
    CLIPS,
    LARGEST_FLOAT32_ERROR,
    build,
    describe,
    network_entries,
    random_clips,
)
from margins import clearing
from reference import DynamicConfiguration, NetworkConfiguration, R2Plus1D, dynamic_layers

FROZEN_SEED = 7
DRAWN_SEED = 2
CONFIGURATION = NetworkConfiguration(
    8, 8, 32, width=0.0625, dynamic=DynamicConfiguration(3, 3, gate_hidden=6)
)
KEYS = [3, 4, None, 5]
TILT = 0.75
HELD = (1, 1)


def clear(network: R2Plus1D, clips: Tensor) -> None:
    """Away from kinks under the policies that the network has now; running statistics stay."""
    statistics = {name: value.clone() for name, value in network.named_buffers()}
    with clearing(network):
        network.train()(clips)
    for name, value in network.named_buffers():
        value.copy_(statistics[name])


def write_frozen(folder: Path) -> None:
    """Writes network-frozen-gates.h5."""
    random = np.random.RandomState(FROZEN_SEED)
    clips = random_clips(random, CLIPS, CONFIGURATION.frames, CONFIGURATION.size)
    network = build(CONFIGURATION, random, clips)
    for layer in dynamic_layers(network).values():
        layer.frozen = True
    clear(network, clips)
    entries = network_entries("frozen-gates", network, clips)
    attributes = describe(CONFIGURATION) | {"policies": "frozen"}
    write(folder / "network-frozen-gates.h5", entries, attributes)


def hold_drawn(network: R2Plus1D) -> None:
    """The candidates that KEYS draw."""
    for name, layer in dynamic_layers(network).items():
        layer.hold([draw(layer, name, key, TILT) for key in KEYS])


def held_inference(network: R2Plus1D, clips: Tensor) -> dict[str, Value]:
    """Inference with the pair HELD for every clip and layer; the network's policies are changed."""
    for layer in dynamic_layers(network).values():
        layer.hold([HELD] * len(clips))
    with torch.no_grad():
        logits = network.eval()(clips)
        again = network.float()(clips.float())
        network.double()
    error = relative_error(again, logits)
    if error > LARGEST_FLOAT32_ERROR:
        raise RuntimeError(f"drawn: float32 differs by {error:.1e}; choose another seed")
    return {
        "held/candidates": HELD,
        "held/logits": logits,
        "held/executed_macs": executed_macs(network, len(clips)),
        "held/conv_ratio": conv_ratios(network, len(clips)),
    }


def write_drawn(folder: Path) -> None:
    """Writes network-drawn.h5."""
    random = np.random.RandomState(DRAWN_SEED)
    clips = random_clips(random, CLIPS, CONFIGURATION.frames, CONFIGURATION.size)
    network = build(CONFIGURATION, random, clips)
    hold_drawn(network)
    clear(network, clips)
    entries = network_entries("drawn", network, clips)
    entries |= {"draws/keys": [-1 if key is None else key for key in KEYS], "draws/tilt": TILT}
    entries |= held_inference(network, clips)
    write(folder / "network-drawn.h5", entries, describe(CONFIGURATION) | {"policies": "drawn"})
