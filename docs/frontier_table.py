"""Means over seeds of what `vared-train frontier` wrote, as Markdown.

usage: python3 docs/frontier_table.py FOLDER ...   one --output folder of frontier per seed
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from statistics import mean, stdev

Row = dict[str, str]

# Of those of frontier.csv; where costs are MACs the time ratio is empty.
COLUMNS = ["top1", "conv_ratio", "conv_ratio_deviation", "executed_gmacs", "seconds_per_clip"]


def spread(values: list[float], digits: int, factor: float = 1) -> str:
    """`mean ± standard deviation` over the seeds."""
    scaled = [factor * value for value in values]
    if len(scaled) < 2:
        return f"{scaled[0]:.{digits}f}"
    return f"{mean(scaled):.{digits}f} ± {stdev(scaled):.{digits}f}"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def networks(folders: list[Path]) -> dict[str, list[Row]]:
    """Each network's row of every folder's frontier.csv."""
    found: dict[str, list[Row]] = {}
    for folder in folders:
        with open(folder / "frontier.csv", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["network"], []).append(row)
    return found


def saved_seconds(row: Row, fixed: Row) -> float:
    """Seconds saved ÷ MACs saved, both as shares of the fixed network's."""
    seconds = 1 - float(row["seconds_per_clip"]) / float(fixed["seconds_per_clip"])
    macs = 1 - float(row["executed_gmacs"]) / float(fixed["executed_gmacs"])
    return seconds / macs


def comparison(found: dict[str, list[Row]]) -> str:
    rows = []
    for name, runs in found.items():
        column = {key: [float(run[key]) for run in runs] for key in COLUMNS}
        saved = (
            ""
            if name == "fixed"
            else spread([saved_seconds(run, fixed) for run, fixed in zip(runs, found["fixed"])], 2)
        )
        rows.append(
            [
                name,
                spread(column["top1"], 2, 100),
                spread(column["conv_ratio"], 3),
                spread(column["conv_ratio_deviation"], 3),
                spread(column["executed_gmacs"], 4),
                spread(column["seconds_per_clip"], 3, 1000),
                saved,
            ]
        )
    return table(
        [
            "network",
            "top-1, %",
            "conv ratio",
            "its deviation over clips",
            "GMAC",
            "ms",
            "seconds saved ÷ MACs saved",
        ],
        rows,
    )


def motions(folders: list[Path], name: str) -> dict[str, list[float]]:
    """Temporal ratio by motion (the class's name after its shape), a value for each folder."""
    found: dict[str, list[float]] = {}
    for folder in folders:
        lines = (folder / name / "metrics.jsonl").read_text().splitlines()
        last = [r for r in map(json.loads, lines) if r["kind"] == "evaluation"][-1]
        ratios: dict[str, list[float]] = {}
        for entry in last["policies"]["classes"]:
            motion = entry["name"].partition("_")[2]
            ratios.setdefault(motion, []).append(entry["temporal_ratio"])
        for motion, values in ratios.items():
            found.setdefault(motion, []).append(mean(values))
        moving = mean(mean(v) for motion, v in ratios.items() if motion != "still")
        if "still" in ratios:
            found.setdefault("moving − still", []).append(moving - mean(ratios["still"]))
    return found


def main() -> None:
    folders = [Path(argument) for argument in sys.argv[1:]]
    if not folders:
        sys.exit(__doc__)
    found = networks(folders)
    print(comparison(found))
    gates = [name for name in found if name.startswith("gates-")]
    by_network = {name: motions(folders, name) for name in gates}
    columns = list(by_network[gates[0]])
    print(
        table(
            ["temporal ratio", *columns],
            [[name, *(spread(by_network[name][c], 3) for c in columns)] for name in gates],
        )
    )


if __name__ == "__main__":
    main()
