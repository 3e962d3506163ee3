"""Writes an HDF5 file of random clips, in the form that `vared-train train --data` reads.

    python3 random_clips.py clips.h5 --count 128 --frames 8 --size 112
"""

from __future__ import annotations

import numpy as np

import clips_file

CLASSES = 400


def main() -> None:
    options = clips_file.arguments(__doc__.splitlines()[0])
    random = np.random.default_rng(1)
    shape = (options.count, options.frames, options.size, options.size, 3)
    clips = random.integers(0, 256, shape, dtype=np.uint8)
    # All for training: an evaluation would only take time.
    is_val = np.zeros(options.count)
    clips_file.write(options.file, clips, np.arange(options.count) % CLASSES, is_val)


if __name__ == "__main__":
    main()
