"""sparsemax.h5: gates of the sparsemax form on their own."""

from __future__ import annotations

from pathlib import Path

from golden_dynamic import SPATIAL, TEMPORAL, LayerCase, gate_entries
from golden_file import Value, write
from reference import DynamicConfiguration


def search(
    temporal: int, channel: int, temperature: float, motion: bool = False
) -> DynamicConfiguration:
    """St and Sc as asked for, before candidates collapse."""
    return DynamicConfiguration(
        temporal, channel, "sparsemax", motion_energy=motion, temperature=temperature
    )


GATES: dict[str, LayerCase] = {
    "sparsemax": LayerCase(51, 12, 64, SPATIAL, 1, (8, 4, 3), 6, search(3, 3, 1.0)),
    "sparsemax-cold": LayerCase(52, 20, 40, TEMPORAL, 1, (5, 3, 3), 6, search(2, 3, 0.25)),
    "sparsemax-hot": LayerCase(53, 20, 80, TEMPORAL, 1, (8, 3, 3), 6, search(4, 4, 4.0)),
    "sparsemax-single": LayerCase(54, 18, 16, SPATIAL, 1, (8, 3, 3), 4, search(3, 3, 0.5)),
    "sparsemax-motion": LayerCase(
        55, 12, 64, SPATIAL, 1, (8, 4, 3), 6, search(3, 3, 0.5, motion=True)
    ),
}


def write_sparsemax(folder: Path) -> None:
    """Writes sparsemax.h5."""
    entries: dict[str, Value] = {}
    for name, case in GATES.items():
        entries |= {f"gates/{name}/{n}": v for n, v in gate_entries(name, case).items()}
    write(folder / "sparsemax.h5", entries)
