"""network-x3d.h5: one training step and one inference pass of a small X3D-M, with dropout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from draws import kept
from golden_network import CLIPS, build, describe, network_entries, random_clips
from golden_file import write
from reference import NetworkConfiguration

SEED = 300
CONFIGURATION = NetworkConfiguration(8, 4, 64, width=0.125, model="x3d-m")
CLASSIFIER = "blocks.5.proj"
KEYS = [3, 40, 77, 1234567890]
DROPOUT = 0.25


def write_x3d(folder: Path) -> None:
    """Writes network-x3d.h5."""
    random = np.random.RandomState(SEED)
    clips = random_clips(random, CLIPS, CONFIGURATION.frames, CONFIGURATION.size)
    network = build(CONFIGURATION, random, clips)
    head = network.blocks[5]
    head.kept = kept(KEYS, CLASSIFIER, head.proj.in_features, DROPOUT)
    entries = network_entries("x3d", network, clips)
    entries |= {
        "dropout/keys": KEYS,
        "dropout/probability": torch.tensor([DROPOUT]),
    }
    write(folder / "network-x3d.h5", entries, describe(CONFIGURATION))
