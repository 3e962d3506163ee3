"""Importing this makes `reference` and `costs` importable: they are Benchmarks/peers/*.py.

The same PyTorch network is the witness here and the benchmark's peer, so what is raced is what is
right.
"""

import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parents[3] / "Benchmarks" / "peers"
sys.path.insert(0, str(PEERS))
