"""Writes an HDF5 file of clips, in the form that `vared-train train --data` reads.

    python3 clips.py random clips.h5 --count 128 --frames 8 --size 112
    python3 clips.py gratings clips.h5 --count 128 --frames 8 --size 112

`random` is noise of 400 classes, all for training: an evaluation would only take time. `gratings`,
still or drifting, in two colours, is what a network learns within a hundred steps, so that gates
have something to be trained on. The classes are the colours. Half of the clips drift; contrast and
noise differ from clip to clip, so that there are easy ones and hard ones. Every fourth is of the
split val.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import h5py
import numpy as np

CLASSES = 400
COLOURS = np.array([[1.0, 0.6, 0.3], [0.3, 0.6, 1.0]])


class Clips(NamedTuple):
    """Clips [N, T, H, W, 3] of 8 bits, and the class and the split of each (1: val)."""

    clips: np.ndarray
    labels: np.ndarray
    is_val: np.ndarray


def random_clips(random: np.random.Generator, count: int, frames: int, size: int) -> Clips:
    clips = random.integers(0, 256, (count, frames, size, size, 3), dtype=np.uint8)
    return Clips(clips, np.arange(count) % CLASSES, np.zeros(count))


def grating_clips(random: np.random.Generator, count: int, frames: int, size: int) -> Clips:
    labels = random.permutation(np.arange(count) % len(COLOURS))
    clips = [grating(random, label, frames, size) for label in labels]
    return Clips(np.stack(clips), labels, np.arange(count) % 4 == 3)


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


KINDS = {"random": random_clips, "gratings": grating_clips}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("file")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    random = np.random.default_rng(1)
    made = KINDS[options.kind](random, options.count, options.frames, options.size)
    with h5py.File(options.file, "w") as file:
        file["clips"] = made.clips
        file["labels"] = made.labels.astype(np.int64)
        file["split"] = made.is_val.astype(np.uint8)


if __name__ == "__main__":
    main()
