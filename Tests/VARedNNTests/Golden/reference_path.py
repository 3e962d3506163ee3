"""Importing this makes `reference` and `costs` importable: they are Reference/*.py.

The same PyTorch network is the witness here and the benchmark's peer, so what is raced is what is
right.
"""

import sys
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[3] / "Reference"
sys.path.insert(0, str(REFERENCE))
