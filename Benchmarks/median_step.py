"""Prints the rate of a run's median step, in the words of `vared-train bench --json`.

    python3 median_step.py runs/mine/metrics.jsonl
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path


def main() -> None:
    lines = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    rates = [line["clips_per_second"] for line in lines if line["kind"] == "step"]
    # The first step also creates every primitive.
    print(json.dumps({"train": {"clips_per_second": statistics.median(rates[1:])}}))


if __name__ == "__main__":
    main()
