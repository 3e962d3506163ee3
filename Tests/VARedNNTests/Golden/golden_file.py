"""Golden files: float64 results stored as float32, one compressed HDF5 dataset for each name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

Value = Tensor | np.ndarray | list[int] | list[float] | int | float

COMPRESSED_FROM = 256
ZERO = 1e-12


def as_stored(value: Value) -> np.ndarray:
    """Floats as float32, integers as int32 (int64 where too small); a scalar gets shape [1]."""
    if isinstance(value, Tensor):
        value = value.detach().numpy()
    array = np.atleast_1d(np.asarray(value))
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    fits = array.size == 0 or np.abs(array).max() < 2**31
    return array.astype(np.int32 if fits else np.int64)


def write(
    path: Path, datasets: Mapping[str, Value], attributes: Mapping[str, int | str] | None = None
) -> None:
    """Writes the datasets, in order, and the root attributes (strings with a fixed length).

    The format is HDF5 1.10's, whose groups and one-chunk datasets are small.
    """
    with h5py.File(path, "w", libver=("v110", "v110")) as file:
        for name, value in datasets.items():
            array = as_stored(value)
            if array.size < COMPRESSED_FROM:
                file.create_dataset(name, data=array)
            else:
                file.create_dataset(
                    name,
                    data=array,
                    chunks=array.shape,
                    compression="gzip",
                    compression_opts=9,
                    shuffle=True,
                )
        for name, entry in (attributes or {}).items():
            file.attrs[name] = np.bytes_(entry) if isinstance(entry, str) else np.int64(entry)
    print(f"{path.name}: {len(datasets)} datasets, {path.stat().st_size / 1e6:.2f} MB")


def rounded(tensor: Tensor) -> Tensor:
    """Rounded to 8 significant bits: exact in float32, and it compresses to half."""
    return tensor.to(torch.bfloat16).to(torch.float64)


def normal(random: np.random.RandomState, *shape: int, scale: float = 1.0) -> Tensor:
    """Rounded N(0, scale^2) values in float64."""
    return rounded(torch.from_numpy(scale * random.standard_normal(shape)))


def uniform(random: np.random.RandomState, low: float, high: float, *shape: int) -> Tensor:
    """Rounded uniform values in float64."""
    return rounded(torch.from_numpy(random.uniform(low, high, shape)))


def relative_error(value: Tensor, truth: Tensor) -> float:
    """max |value - truth| / max |truth|; a truth that is zero but for rounding is compared to 1."""
    scale = truth.abs().max().item()
    error = (value.to(truth.dtype) - truth).abs().max().item()
    return error / scale if scale > ZERO else error
