"""Writes an HDF5 file of clips of gratings, still or drifting, in two colours: what a network
learns within a hundred steps, so that gates have something to be trained on.

    python3 grating_clips.py clips.h5 --count 128 --frames 8 --size 112

The classes are the colours. Half of the clips drift; contrast and noise differ from clip to clip,
so that there are easy ones and hard ones. Every fourth is of the split val.
"""

from __future__ import annotations

import numpy as np

import clips_file

COLOURS = np.array([[1.0, 0.6, 0.3], [0.3, 0.6, 1.0]])


def grating(random: np.random.Generator, label: int, frames: int, size: int) -> np.ndarray:
    """A clip [frames, size, size, 3] of 8 bits."""
    angle = random.uniform(0, 2 * np.pi)
    waves = random.uniform(2, 6)
    drift = random.uniform(0.1, 0.3) if random.random() < 0.5 else 0.0
    contrast = random.uniform(0.3, 1.0)
    noise = random.uniform(2, 60)
    y, x = np.mgrid[0:size, 0:size] / size
    t = np.arange(frames)[:, None, None]
    phase = waves * (x * np.cos(angle) + y * np.sin(angle)) + drift * t
    light = 0.5 + 0.5 * contrast * np.sin(2 * np.pi * (phase + random.uniform()))
    clip = 255 * light[..., None] * COLOURS[label]
    return (clip + random.normal(0, noise, clip.shape)).clip(0, 255).astype(np.uint8)


def main() -> None:
    options = clips_file.arguments(__doc__.splitlines()[0])
    random = np.random.default_rng(1)
    labels = random.permutation(np.arange(options.count) % len(COLOURS))
    clips = [grating(random, label, options.frames, options.size) for label in labels]
    clips_file.write(options.file, np.stack(clips), labels, np.arange(options.count) % 4 == 3)


if __name__ == "__main__":
    main()
