"""Tests of table.py on results written here: python3 Benchmarks/test_table.py"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import table

SETTINGS = {
    "machine": "a processor, 2 cores",
    "versions": "vared-train 1",
    "depth": 18,
    "width": 1,
    "frames": 8,
    "size": 112,
    "batch": 8,
    "few": 1,
    "many": 2,
    "iterations": 3,
}


def result(train: float | None, inference: float, mebibytes: int = 100) -> table.Result:
    found: table.Result = {"inference": {"clips_per_second": inference}}
    if train is not None:
        found["train"] = {"clips_per_second": train}
    return found | {"peak_bytes": mebibytes * 2**20}


def peer(name: str, train: float | None, inference: float, mebibytes: int = 100) -> table.Result:
    return {"peer": name} | result(train, inference, mebibytes)


def turn(policy: str, seconds: list[float], macs: float) -> table.Result:
    phase = {"clips_per_second": 1.0, "step_seconds": seconds, "forward_macs": macs}
    return {"policy": policy, "train": phase, "inference": phase, "peak_bytes": 2**20}


def entries(round: int, speed: float) -> list[table.Result]:
    """One round; ours is `speed` times as fast as in a round of speed 1."""
    runs = {
        "ours/fixed/gates/threads 1/batch 8": result(2 * speed, 6 * speed, 80),
        "ours/fixed/gates/threads 1/batch 1": result(1 * speed, 5 * speed),
        "peer/fixed/pytorch fp32 contiguous/threads 1/batch 8": peer("A", 0.5, 1.5, 100),
        "peer/fixed/pytorch fp32 channels-last/threads 1/batch 16": peer("B", 1.0, 3.0, 200),
        "peer/fixed/pytorch bf16 channels-last/threads 1/batch 16": peer("C", 4.0, 12.0, 50),
        "peer/fixed/openvino int8 contiguous/threads 1/batch 1": peer("D", None, 10.0),
        "peer/fixed/pytorch fp32 contiguous/threads 2/batch 8": peer("E", 100.0, 100.0),
        "peer/dynamic/pytorch fp32 contiguous/threads 1/batch 8": peer("F", 0.25, 0.5),
    }
    turns = [turn("full", [1.0, 2.0, 4.0], 100), turn("half", [0.6, 1.2, 1.0], 50)]
    return [{"round": round, "run": run, "result": found} for run, found in runs.items()] + [
        {"round": round, "run": "ours/turns/*/threads 1/batch 8", "results": turns},
        {
            "round": round,
            "run": "ours/trained/*/threads 1/batch 8",
            "results": [turn("gates", [1.0], 50)],
        },
    ]


class Table(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "results.jsonl"
        left = {"round": 1, "run": "peer/fixed/x fp32 y/threads 1/batch 8", "left_out": "no x"}
        lines = [SETTINGS, *entries(1, 1.0), left, *entries(2, 2.0), *entries(3, 3.0)]
        self.path.write_text("\n".join(json.dumps(line) for line in lines))
        self.rounds = table.read(self.path)

    def values(self, title: str) -> list[float]:
        (row,) = [row for row in table.rows(1, 2, 8) if row.title == title]
        return table.values_of(row.value, self.rounds)

    def test_ours_is_held_against_the_fastest_pytorch_in_fp32(self) -> None:
        self.assertEqual(self.values("fixed, training, 1 thread: ours / PyTorch"), [2, 4, 6])
        self.assertEqual(self.values("fixed, inference, 1 thread: ours / PyTorch"), [2, 4, 6])

    def test_memory_is_held_against_the_smallest_of_them(self) -> None:
        self.assertEqual(self.values("fixed, peak memory: ours / PyTorch"), [0.8] * 3)

    def test_what_did_not_run_has_no_value(self) -> None:
        self.assertEqual(self.values("fixed, training, 2 threads: ours / PyTorch"), [])
        self.assertEqual(self.values("fixed, training, 1 thread: share of the floor"), [])

    def test_every_peer_has_its_row_also_where_ours_is_behind(self) -> None:
        rows = {title: (rates, ratios) for title, rates, ratios in table.peer_rows(self.rounds)}
        self.assertEqual(len(rows), 7)
        behind = rows["fixed, training, 1 thread: C, batch 16"]
        self.assertEqual(behind, ([4.0] * 3, [0.5, 1.0, 1.5]))
        one_clip = rows["fixed, inference, 1 thread: D, batch 1"]
        self.assertEqual(one_clip, ([10.0] * 3, [0.5, 1.0, 1.5]))

    def test_a_saving_is_the_median_over_turns(self) -> None:
        title = "half, inference, batch 8: measured / counted saving"
        for value in self.values(title):
            self.assertAlmostEqual(value, 0.8)

    def test_trained_gates_are_held_against_the_dynamic_network(self) -> None:
        title = "dynamic, trained gates, training, 1 thread: ours / PyTorch"
        self.assertEqual(self.values(title), [4, 4, 4])

    def test_bars(self) -> None:
        least = table.Row("", 2.0, False, lambda r: 0)
        most = table.Row("", 2.0, True, lambda r: 0)
        none = table.Row("", None, True, lambda r: 0)
        found = [table.verdict(row, 1.9) for row in (least, most, none)]
        self.assertEqual(found, [">= 2 NOT MET", "<= 2 met", ""])

    def test_what_is_printed(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            with mock.patch("sys.argv", ["table.py", str(self.path)]):
                table.main()
        text = printed.getvalue()
        self.assertIn("a processor, 2 cores; vared-train 1\n", text)
        self.assertRegex(text, r"training, 1 thread: C, batch 16 +4\.000 +1\.000 +0\.500 +1\.500\n")
        self.assertRegex(text, r"training, 1 thread: ours / PyTorch +4\.0.* >= 3 met\n")
        self.assertIn("not measured: peer/fixed/x fp32 y/threads 1/batch 8\n  no x\n", text)

    def test_median_step_leaves_out_the_first(self) -> None:
        steps = [{"kind": "step", "clips_per_second": rate} for rate in (9.0, 1.0, 3.0, 2.0)]
        lines = [*steps, {"kind": "evaluation"}]
        self.path.write_text("\n".join(json.dumps(line) for line in lines))
        self.assertEqual(table.median_step(self.path)["train"]["clips_per_second"], 2.0)


if __name__ == "__main__":
    unittest.main()
