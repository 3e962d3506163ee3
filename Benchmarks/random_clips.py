"""Writes an HDF5 file of random clips, in the form that `vared-train train --data` reads.

    python3 random_clips.py clips.h5 --count 128 --frames 8 --size 112
"""

from __future__ import annotations

import argparse

import h5py
import numpy as np

CLASSES = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    options = parser.parse_args()
    random = np.random.default_rng(1)
    shape = (options.count, options.frames, options.size, options.size, 3)
    with h5py.File(options.file, "w") as file:
        file["clips"] = random.integers(0, 256, shape, dtype=np.uint8)
        file["labels"] = np.arange(options.count, dtype=np.int64) % CLASSES
        # All for training: an evaluation would only take time.
        file["split"] = np.zeros(options.count, dtype=np.uint8)


if __name__ == "__main__":
    main()
