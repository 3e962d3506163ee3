"""Writes the golden files of the VARedNN tests next to this script, or into a given folder.

    python3 generate.py [folder]

Needs torch, numpy and h5py. README.md lists what the files hold.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import reference_path  # noqa: F401  (before what it makes importable)
from golden_adaptive import write_adaptive
from golden_dynamic import write_dynamic
from golden_network import CASES, write_network
from golden_ops import write_ops
from golden_policies import write_drawn, write_frozen
from golden_sparsemax import write_sparsemax
from golden_trajectory import write_trajectory
from golden_x3d import X3D_CASES, write_x3d


def generate(folder: Path) -> None:
    """Writes every golden file."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for case in CASES:
        write_network(folder, case)
    write_frozen(folder)
    write_drawn(folder)
    for case in X3D_CASES:
        write_x3d(folder, case)
    write_dynamic(folder)
    write_adaptive(folder)
    write_sparsemax(folder)
    write_ops(folder)
    write_trajectory(folder)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
