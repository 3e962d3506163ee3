"""Prints what a results file of compare.sh says: absolute figures, ours against each peer, the
ratios that have bars, and what could not run.

    python3 table.py .build/benchmarks/results-….jsonl
    python3 table.py --median-step runs/mine/metrics.jsonl

A ratio is taken within a round, between runs that followed one another or policies that took turns
in one; the table has the median over rounds, the smallest and the largest. With --median-step it
prints the rate of a training run's median step instead. Standard library only.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

Result = dict[str, Any]
POLICIES = ("half-channels", "half-frames", "half")


class Row(NamedTuple):
    """A line of the table: its value in a round, or a KeyError where there is none."""

    title: str
    bar: float | None
    at_most: bool
    value: Callable[[Round], float]


class Peer(NamedTuple):
    """What the name of a peer's run says: peer/<network>/<settings>/threads <n>/batch <n>."""

    run: str
    network: str
    settings: str
    threads: int
    batch: int

    @staticmethod
    def named(run: str) -> Peer:
        _, network, settings, threads, batch = run.split("/")
        return Peer(run, network, settings, int(threads.split()[1]), int(batch.split()[1]))


class Round:
    """The results of one round by the name of the run, and the reasons of what was left out."""

    def __init__(self, settings: Result) -> None:
        self.settings = settings
        self.results: dict[str, Result] = {}
        self.left_out: dict[str, str] = {}

    def ours(
        self, network: str, policy: str, threads: int, batch: int | None = None, note: str = ""
    ) -> Result:
        batch = batch or self.settings["batch"]
        return self.results[f"ours/{network}/{policy}/threads {threads}/batch {batch}{note}"]

    def peers(self) -> list[Peer]:
        return [Peer.named(run) for run in self.results if run.startswith("peer/")]

    def pytorch(self, network: str, threads: int) -> list[Result]:
        """PyTorch in fp32, without torch.compile, in every layout and batch."""
        found = [
            self.results[p.run]
            for p in self.peers()
            if (p.network, p.threads) == (network, threads)
            and p.settings.startswith("pytorch fp32 ")
        ]
        if not found:
            raise KeyError("no such peer")
        return found

    def best_rate(self, phase: str, network: str, threads: int) -> float:
        return max(rate(peer, phase) for peer in self.pytorch(network, threads))


def rate(result: Result, phase: str) -> float:
    return result[phase]["clips_per_second"]


def against_pytorch(
    phase: str, network: str, threads: int, policy: str = "gates", peer: str | None = None
) -> Callable[[Round], float]:
    """Ours over PyTorch's best in fp32, which runs network `peer`."""

    def value(r: Round) -> float:
        ours = rate(r.ours(network, policy, threads), phase)
        return ours / r.best_rate(phase, peer or network, threads)

    return value


def rate_of(phase: str, peer: Peer) -> Callable[[Round], float]:
    return lambda r: rate(r.results[peer.run], phase)


def against_peer(phase: str, peer: Peer) -> Callable[[Round], float]:
    """Ours over this peer: one clip against one clip, else our batch against the peer's own."""

    def value(r: Round) -> float:
        ours = r.ours(peer.network, "gates", peer.threads, 1 if peer.batch == 1 else None)
        return rate(ours, phase) / rate(r.results[peer.run], phase)

    return value


def share_of_full(network: str, policy: str, threads: int, batch: int) -> Callable[[Round], float]:
    def value(r: Round) -> float:
        macs = [
            r.ours(network, name, threads, batch)["inference"]["forward_macs"]
            for name in (policy, "full")
        ]
        return macs[0] / macs[1]

    return value


def memory(network: str, threads: int) -> Callable[[Round], float]:
    def value(r: Round) -> float:
        peer = min(peer["peak_bytes"] for peer in r.pytorch(network, threads))
        return r.ours(network, "gates", threads)["peak_bytes"] / peer

    return value


def share_of_floor(threads: int) -> Callable[[Round], float]:
    def value(r: Round) -> float:
        step = r.settings["batch"] / rate(r.ours("fixed", "gates", threads), "train")
        return r.results[f"floor/threads {threads}"]["train_seconds_per_step"] / step

    return value


def time_against_fixed(policy: str, threads: int) -> Callable[[Round], float]:
    def value(r: Round) -> float:
        fixed = rate(r.ours("fixed", "gates", threads, note="/beside dynamic"), "train")
        return fixed / rate(r.ours("dynamic", policy, threads), "train")

    return value


def saving(
    phase: str, network: str, policy: str, threads: int, batch: int
) -> Callable[[Round], float]:
    """Measured over counted: the share of the time that the policy saves, over that of the MACs.
    The time is the median of the steps', each held against the full one it took turns with."""

    def value(r: Round) -> float:
        full = r.ours(network, "full", threads, batch)[phase]
        part = r.ours(network, policy, threads, batch)[phase]
        pairs = zip(part["step_seconds"], full["step_seconds"], strict=True)
        measured = 1 - statistics.median(p / f for p, f in pairs)
        counted = 1 - part["forward_macs"] / full["forward_macs"]
        if counted <= 0:
            raise KeyError("nothing is saved that a share could be taken of")
        return measured / counted

    return value


def ranks_against_pytorch(ranks: int) -> Callable[[Round], float]:
    def value(r: Round) -> float:
        return rate(r.results[f"ranks/{ranks}"], "train") / r.best_rate("train", "fixed", ranks)

    return value


def at_least(title: str, bar: float | None, value: Callable[[Round], float]) -> Row:
    return Row(title, bar, False, value)


def at_most(title: str, bar: float | None, value: Callable[[Round], float]) -> Row:
    return Row(title, bar, True, value)


def of(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def fixed_rows(few: int, many: int) -> Iterator[Row]:
    train = f"fixed, training, {of(few)}"
    more = f"fixed, training, {of(many)}"
    inference = f"fixed, inference, {of(few)}"
    ranks = f"fixed, training, {many} ranks x 1 thread"
    yield at_least(f"{train}: ours / PyTorch", 3.0, against_pytorch("train", "fixed", few))
    yield at_least(f"{train}: share of the floor", 0.85, share_of_floor(few))
    yield at_least(f"{more}: ours / PyTorch", 1.6, against_pytorch("train", "fixed", many))
    yield at_least(f"{ranks} / PyTorch, {of(many)}", 1.9, ranks_against_pytorch(many))
    value = against_pytorch("inference", "fixed", few)
    yield at_least(f"{inference}: ours / PyTorch", 2.2, value)
    yield at_most("fixed, peak memory: ours / PyTorch", 0.8, memory("fixed", few))


def dynamic_rows(few: int) -> Iterator[Row]:
    full = time_against_fixed("full", few)
    gates = time_against_fixed("gates", few)
    yield at_most("dynamic forced full / fixed, time of training", 1.2, full)
    yield at_most("dynamic with open gates / fixed, time of training", None, gates)
    for phase, name in [("train", "training"), ("inference", "inference")]:
        for policy, decisions in [("gates", "open gates"), ("random", "drawn decisions")]:
            title = f"dynamic, {decisions}, {name}, {of(few)}: ours / PyTorch"
            yield at_least(title, 3.0, against_pytorch(phase, "dynamic", few, policy))
    yield at_most("dynamic, peak memory: ours / PyTorch", None, memory("dynamic", few))


def phases(batch: int) -> list[tuple[str, str, int, float]]:
    """What savings are measured in: phase, its name, clips, and the bar."""
    return [
        ("inference", "inference", 1, 0.9),
        ("inference", "inference", batch, 0.9),
        ("train", "training", batch, 0.8),
    ]


def trained_rows(few: int, batch: int) -> Iterator[Row]:
    yield at_most(
        f"trained gates, share of the MACs, batch {batch}",
        None,
        share_of_full("trained", "gates", few, batch),
    )
    for phase, name in [("train", "training"), ("inference", "inference")]:
        title = f"dynamic, trained gates, {name}, {of(few)}: ours / PyTorch"
        yield at_least(title, 3.0, against_pytorch(phase, "trained", few, peer="dynamic"))
    for phase, name, clips, _ in phases(batch):
        title = f"trained gates, {name}, batch {clips}: measured / counted saving"
        yield at_least(title, None, saving(phase, "trained", "gates", few, clips))


def saving_rows(threads: int, batch: int) -> Iterator[Row]:
    for phase, name, clips, bar in phases(batch):
        for policy in POLICIES:
            title = f"{policy}, {name}, batch {clips}: measured / counted saving"
            yield at_least(title, bar, saving(phase, "turns", policy, threads, clips))


def rows(few: int, many: int, batch: int) -> list[Row]:
    return [
        *fixed_rows(few, many),
        *dynamic_rows(few),
        *trained_rows(few, batch),
        *saving_rows(few, batch),
    ]


def read(path: Path) -> list[Round]:
    settings, *entries = [json.loads(line) for line in path.read_text().splitlines()]
    rounds: dict[int, Round] = {}
    for entry in entries:
        r = rounds.setdefault(entry["round"], Round(settings))
        if "result" in entry:
            r.results[entry["run"]] = entry["result"]
        if "left_out" in entry:
            r.left_out[entry["run"]] = entry["left_out"]
        # Policies that took turns in one run.
        for result in entry.get("results", []):
            r.results[entry["run"].replace("*", result["policy"])] = result
    return list(rounds.values())


def values_of(value: Callable[[Round], float], rounds: list[Round]) -> list[float]:
    """Those of the rounds that have one."""
    values = []
    for r in rounds:
        try:
            values.append(value(r))
        except KeyError:
            continue
    return values


def figures(values: list[float]) -> str:
    """Median, smallest and largest."""
    three = (statistics.median(values), min(values), max(values))
    return "  ".join(f"{value:7.3f}" for value in three)


def print_figures(rounds: list[Round]) -> None:
    """Medians over rounds of what each run found."""
    names = dict.fromkeys(name for r in rounds for name in r.results)
    width = max(len(name) for name in names)
    print(f"{'medians over rounds':<{width}}  {'train':>9}  {'inference':>9}  {'peak':>6}")
    print(f"{'':<{width}}  {'clips/s':>9}  {'clips/s':>9}  {'MiB':>6}")
    for name in names:
        results = [r.results[name] for r in rounds if name in r.results]
        if name.startswith("floor/"):
            batch = rounds[0].settings["batch"]
            train = statistics.median(batch / r["train_seconds_per_step"] for r in results)
            inference = statistics.median(batch / r["inference_seconds_per_step"] for r in results)
            print(f"{name:<{width}}  {train:9.3f}  {inference:9.3f}")
            continue
        line = f"{name:<{width}}  {'':9}"
        if "train" in results[0]:
            line = f"{name:<{width}}  {statistics.median(rate(r, 'train') for r in results):9.3f}"
        if "inference" in results[0]:
            line += f"  {statistics.median(rate(r, 'inference') for r in results):9.3f}"
            line += f"  {statistics.median(r['peak_bytes'] for r in results) / 2**20:6.0f}"
        print(line)


def peer_rows(rounds: list[Round]) -> Iterator[tuple[str, list[float], list[float]]]:
    """Title, the peer's clips/s and ours over them, of every peer in training and in inference."""
    for phase, name in [("train", "training"), ("inference", "inference")]:
        for peer in dict.fromkeys(peer for r in rounds for peer in r.peers()):
            rates = values_of(rate_of(phase, peer), rounds)
            ratios = values_of(against_peer(phase, peer), rounds)
            if not rates or not ratios:
                continue
            what = next(r.results[peer.run]["peer"] for r in rounds if peer.run in r.results)
            title = f"{peer.network}, {name}, {of(peer.threads)}: {what}, batch {peer.batch}"
            yield title, rates, ratios


def print_peers(rounds: list[Round]) -> None:
    found = list(peer_rows(rounds))
    if not found:
        return
    width = max(len(title) for title, _, _ in found)
    print(f"{'ours / peer':<{width}}  {'clips/s':>8}  {'median':>7}  {'min':>7}  {'max':>7}")
    for title, rates, ratios in found:
        print(f"{title:<{width}}  {statistics.median(rates):8.3f}  {figures(ratios)}")
    print()


def print_ratios(rounds: list[Round]) -> None:
    settings = rounds[0].settings
    table = rows(settings["few"], settings["many"], settings["batch"])
    width = max(len(row.title) for row in table)
    title = "ratio (PyTorch: fp32, the fastest)"
    print(f"{title:<{width}}  {'median':>7}  {'min':>7}  {'max':>7}  bar")
    for row in table:
        values = values_of(row.value, rounds)
        if not values:
            continue
        median = statistics.median(values)
        print(f"{row.title:<{width}}  {figures(values)}  {verdict(row, median)}".rstrip())


def verdict(row: Row, median: float) -> str:
    if row.bar is None:
        return ""
    met = median <= row.bar if row.at_most else median >= row.bar
    return f"{'<=' if row.at_most else '>='} {row.bar:g} {'met' if met else 'NOT MET'}"


def print_left_out(rounds: list[Round]) -> None:
    runs: dict[str, list[str]] = {}
    for r in rounds:
        for run, reason in r.left_out.items():
            runs.setdefault(reason, []).append(run)
    for reason, names in runs.items():
        print(f"\nnot measured: {', '.join(names)}\n  {reason}")


def median_step(metrics: Path) -> Result:
    """The rate of a training run's median step, in the words of `vared-train bench --json`."""
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    rates = [line["clips_per_second"] for line in lines if line["kind"] == "step"]
    # The first step also creates every primitive.
    return {"train": {"clips_per_second": statistics.median(rates[1:])}}


def main() -> None:
    if sys.argv[1] == "--median-step":
        print(json.dumps(median_step(Path(sys.argv[2]))))
        return
    rounds = read(Path(sys.argv[1]))
    if not rounds:
        sys.exit("table: error: no results in this file")
    s = rounds[0].settings
    print(f"{s['machine']}; {s['versions']}")
    print(
        f"R(2+1)D-{s['depth']}, width {s['width']}, clips {s['frames']}x{s['size']}x{s['size']}, "
        f"batch {s['batch']}, {len(rounds)} rounds of {s['iterations']} timed steps\n"
    )
    print_figures(rounds)
    print()
    print_peers(rounds)
    print_ratios(rounds)
    print_left_out(rounds)


if __name__ == "__main__":
    main()
