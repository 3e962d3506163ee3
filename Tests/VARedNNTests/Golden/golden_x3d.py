"""network-x3d.h5 and network-x3d-dynamic.h5: one training step and one inference pass of a small
X3D-M, fixed and dynamic, with dropout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from draws import kept
from golden_network import CLIPS, build, describe, network_entries, random_clips
from golden_file import write
from reference import DynamicConfiguration, NetworkConfiguration

X3D_CASES: dict[str, tuple[int, NetworkConfiguration]] = {
    "x3d": (300, NetworkConfiguration(8, 4, 64, width=0.125, model="x3d-m")),
    "x3d-dynamic": (
        509,
        NetworkConfiguration(
            8,
            4,
            64,
            width=0.125,
            dynamic=DynamicConfiguration(3, 3, gate_hidden=4),
            model="x3d-m",
        ),
    ),
}
CLASSIFIER = "blocks.5.proj"
KEYS = [3, 40, 77, 1234567890]
DROPOUT = 0.25


def write_x3d(folder: Path, case: str) -> None:
    """Writes network-<case>.h5."""
    seed, configuration = X3D_CASES[case]
    random = np.random.RandomState(seed)
    clips = random_clips(random, CLIPS, configuration.frames, configuration.size)
    network = build(configuration, random, clips)
    head = network.blocks[5]
    head.kept = kept(KEYS, CLASSIFIER, head.proj.in_features, DROPOUT)
    entries = network_entries(case, network, clips)
    entries |= {
        "dropout/keys": KEYS,
        "dropout/probability": torch.tensor([DROPOUT]),
    }
    write(folder / f"network-{case}.h5", entries, describe(configuration))
