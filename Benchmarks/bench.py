"""Times a training step and inference of the PyTorch network in reference.py on random clips.

    python3 bench.py --network dynamic --frames 8 --size 112 --batch 8 --threads 1 \
      --layout channels-last

With --checkpoint it is the dynamic network of a checkpoint of `vared-train`, with its weights and its
shape, on random clips all the same: this network computes every candidate, so its time does not depend
on what the gates decide.

Prints one JSON object, with the names that `vared-train bench --json` has:

    {"train": {"clips_per_second": …}, "inference": {"clips_per_second": …}, "peak_bytes": …}
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import torch
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Reference"))
from costs import loss
from reference import DynamicConfiguration, NetworkConfiguration, R2Plus1D

CLASSES = 400
COST_WEIGHT = 0.8


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--checkpoint", help="instead of --network, --depth, --width, --frames and --size"
    )
    parser.add_argument("--network", choices=["fixed", "dynamic"], default="fixed")
    parser.add_argument("--depth", type=int, choices=[18, 34], default=18)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--layout", choices=["contiguous", "channels-last"], default="contiguous")
    parser.add_argument("--iterations", type=int, default=3, help="timed steps, after one more")
    return parser.parse_args()


def build(options: argparse.Namespace) -> R2Plus1D:
    dynamic = DynamicConfiguration() if options.network == "dynamic" else None
    return R2Plus1D(
        NetworkConfiguration(
            CLASSES, options.frames, options.size, options.depth, options.width, dynamic
        )
    )


def restore(path: str) -> R2Plus1D:
    """The dynamic network of a checkpoint, with all of its weights."""
    with h5py.File(path) as file:
        lines = file.attrs["config"].splitlines()
        settings = dict(line.split(": ", 1) for line in lines if ": " in line and line[0] != "#")
        if settings["network"] != "dynamic":
            raise SystemExit(f"bench: error: {path}: expected a dynamic network, found a fixed one")
        dynamic = DynamicConfiguration(
            int(settings["temporal-candidates"]),
            int(settings["channel-candidates"]),
            settings["gate-form"],
            int(settings["gate-hidden"]),
            settings["motion-energy"] == "true",
        )
        network = R2Plus1D(
            NetworkConfiguration(
                len(file.attrs["classes"].split("\n")),
                int(settings["frames"]),
                int(settings["size"]),
                int(settings["model"].rsplit("-", 1)[1]),
                float(settings["width"]),
                dynamic,
            )
        )
        weights = {name: torch.from_numpy(tensor[()]) for name, tensor in file["model"].items()}
    missing, unexpected = network.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise SystemExit(f"bench: error: {path}: lacks {missing}, has {unexpected}")
    return network


def convert_to_channels_last(network: nn.Module) -> None:
    """Every convolution's weight. `network.to(memory_format=…)` refuses the dynamic network: it
    would convert all parameters of rank 4 or 5, and the temporal phi, of rank 4, cannot be."""
    for parameter in network.parameters():
        if parameter.dim() == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)


def step_loss(network: R2Plus1D, clips: Tensor, labels: Tensor) -> Tensor:
    logits = network(clips)
    if network.configuration.dynamic is None:
        return functional.cross_entropy(logits, labels)
    return loss(network, logits, labels, COST_WEIGHT).total


def median_seconds(step: Callable[[], object], iterations: int) -> float:
    step()
    seconds = []
    for _ in range(iterations):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def training_seconds(network: R2Plus1D, clips: Tensor, labels: Tensor, iterations: int) -> float:
    network.train()
    # A learning rate of zero: every step has the same work, whatever the clips.
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.0, momentum=0.9, nesterov=True, weight_decay=1e-4
    )

    def step() -> None:
        optimizer.zero_grad()
        step_loss(network, clips, labels).backward()
        optimizer.step()

    return median_seconds(step, iterations)


def inference_seconds(network: R2Plus1D, clips: Tensor, iterations: int) -> float:
    network.eval()
    with torch.inference_mode():
        return median_seconds(lambda: network(clips), iterations)


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    network = build(options) if options.checkpoint is None else restore(options.checkpoint)
    shape = network.configuration
    clips = torch.randn(options.batch, 3, shape.frames, shape.size, shape.size)
    labels = torch.arange(options.batch) % shape.classes
    if options.layout == "channels-last":
        convert_to_channels_last(network)
        clips = clips.contiguous(memory_format=torch.channels_last_3d)
    train = training_seconds(network, clips, labels, options.iterations)
    inference = inference_seconds(network, clips, options.iterations)
    print(
        json.dumps(
            {
                "train": {"clips_per_second": options.batch / train},
                "inference": {"clips_per_second": options.batch / inference},
                "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
