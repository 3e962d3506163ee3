"""What the scripts that write clips share: their flags, and the form that `vared-train train
--data` reads."""

from __future__ import annotations

import argparse

import h5py
import numpy as np


def arguments(description: str) -> argparse.Namespace:
    """The file, and how many clips of which shape."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("file")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    return parser.parse_args()


def write(path: str, clips: np.ndarray, labels: np.ndarray, is_val: np.ndarray) -> None:
    """Clips [N, T, H, W, 3] of 8 bits, with the class and the split of each."""
    with h5py.File(path, "w") as file:
        file["clips"] = clips
        file["labels"] = labels.astype(np.int64)
        file["split"] = is_val.astype(np.uint8)
