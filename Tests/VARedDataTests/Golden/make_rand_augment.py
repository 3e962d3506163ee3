"""Writes rand-augment.h5: what Pillow makes of small pictures with RandAugment's operations.

The table of magnitudes is torchvision's (31 steps); the operations are called as torchvision calls
them on PIL pictures. Needs Pillow, numpy and h5py.
"""

import math
import pathlib

import h5py
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

SIZE = 24
SIGNED = {
    "shearX", "shearY", "translateX", "translateY", "rotate", "brightness", "color", "contrast",
    "sharpness",
}


def affine(picture, *matrix):
    return picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


def operations(m, sign):
    """Each operation at step m of 0 to 30."""
    steps = 30
    shear = sign * np.linspace(0.0, 0.3, steps + 1)[m]
    shift = int(sign * np.linspace(0.0, 150.0 / 331.0 * SIZE, steps + 1)[m])
    angle = sign * np.linspace(0.0, 30.0, steps + 1)[m]
    factor = 1.0 + sign * np.linspace(0.0, 0.9, steps + 1)[m]
    bits = int(8 - np.round(np.arange(steps + 1) / (steps / 4))[m])
    threshold = np.linspace(255.0, 0.0, steps + 1)[m]
    # torchvision hands tan(arctan(shear)) to the picture's inverse transform.
    shear = math.tan(math.radians(math.degrees(math.atan(shear))))
    return {
        "identity": lambda p: p,
        "shearX": lambda p: affine(p, 1, shear, 0, 0, 1, 0),
        "shearY": lambda p: affine(p, 1, 0, 0, shear, 1, 0),
        "translateX": lambda p: affine(p, 1, 0, -shift, 0, 1, 0),
        "translateY": lambda p: affine(p, 1, 0, 0, 0, 1, -shift),
        "rotate": lambda p: p.rotate(angle, Image.Resampling.NEAREST),
        "brightness": lambda p: ImageEnhance.Brightness(p).enhance(factor),
        "color": lambda p: ImageEnhance.Color(p).enhance(factor),
        "contrast": lambda p: ImageEnhance.Contrast(p).enhance(factor),
        "sharpness": lambda p: ImageEnhance.Sharpness(p).enhance(factor),
        "posterize": lambda p: ImageOps.posterize(p, bits),
        "solarize": lambda p: ImageOps.solarize(p, threshold),
        "autoContrast": ImageOps.autocontrast,
        "equalize": ImageOps.equalize,
    }


def pictures():
    """A noisy one, a pale one, and one of a single colour."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    ramps = np.stack([10 * x, 10 * y, 5 * (x + y)], axis=-1)
    noisy = np.clip(ramps + random.integers(-30, 30, ramps.shape), 0, 255)
    pale = 90 + ramps // 5 + random.integers(0, 9, ramps.shape)
    flat = np.broadcast_to(np.array([200, 30, 90]), ramps.shape)
    return {"noisy": noisy, "pale": pale, "flat": flat}


def planes(picture):
    return np.asarray(picture).transpose(2, 0, 1)


def main():
    path = pathlib.Path(__file__).with_name("rand-augment.h5")
    with h5py.File(path, "w", track_order=False) as file:
        for kind, pixels in pictures().items():
            picture = Image.fromarray(pixels.astype(np.uint8))
            file[f"{kind}/picture"] = planes(picture)
            for m in (0, 3, 9, 17, 30) if kind == "noisy" else (9,):
                for sign in (1, -1):
                    for name, operation in operations(m, sign).items():
                        if sign < 0 and name not in SIGNED:
                            continue
                        key = f"{kind}/{name} {m} {'-' if sign < 0 else '+'}"
                        file[key] = planes(operation(picture))


main()
