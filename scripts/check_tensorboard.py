#!/usr/bin/env python3
"""Reads the event files of a run with TensorBoard and holds them against its metrics.jsonl.

usage: scripts/check_tensorboard.py RUN

Exits with status 1 where a number of metrics.jsonl is missing, a step is there twice, or a text
would be markup.
"""
import json
import sys
from html import unescape

import numpy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.text.text_plugin import text_array_to_html

PREFIXES = {"step": "train", "evaluation": "val", "epoch": "epoch"}


def numbers(line):
    """The numbers of a line of metrics.jsonl by tag, those of lists left out."""
    prefix = PREFIXES[line["kind"]]
    for key, value in line.items():
        if key != "step" and isinstance(value, (int, float)):
            yield f"{prefix}/{key}", float(value)


def main(run):
    loaded = EventAccumulator(
        run, size_guidance={"scalars": 0, "histograms": 0, "images": 0, "tensors": 0})
    loaded.Reload()
    tags = loaded.Tags()
    expected = {}
    with open(f"{run}/metrics.jsonl", encoding="utf-8") as file:
        for line in map(json.loads, file):
            for tag, value in numbers(line):
                expected.setdefault(tag, []).append((line["step"], value))
    for tag, points in sorted(expected.items()):
        found = [(event.step, event.value) for event in loaded.Scalars(tag)]
        assert [step for step, _ in found] == [step for step, _ in points], (tag, found, points)
        for (_, a), (_, b) in zip(found, points):
            assert abs(a - b) <= 1e-6 * max(1, abs(b)), (tag, a, b)
    steps = [event.step for event in loaded.Scalars("val/top1")]
    for kind, read in (("histograms", loaded.Histograms), ("images", loaded.Images)):
        assert tags[kind], f"no {kind}"
        for tag in tags[kind]:
            assert [event.step for event in read(tag)] == steps, (tag, steps)
    texts = [tag for tag in tags["tensors"] if tag.startswith("clips/")]
    assert texts, "no texts"
    for tag in texts:
        for event in loaded.Tensors(tag):
            html = text_array_to_html(numpy.array(list(event.tensor_proto.string_val)), True)
            shown = unescape(html)
            assert "<script" not in html and "<script>" in shown, html
            assert "<th" in html, html
    print(
        f"{len(tags['scalars'])} scalars, {len(tags['histograms'])} histograms, "
        f"{len(tags['images'])} pictures, {len(texts)} texts; evaluations at steps {steps}")


if __name__ == "__main__":
    main(sys.argv[1])
