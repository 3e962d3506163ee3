"""Times a peer on random clips: the PyTorch network of Reference/, run by PyTorch or as exported.

    python3 bench.py --engine pytorch --precision bf16 --layout channels-last --batch 16 --threads 1
    python3 bench.py --engine openvino --precision int8 --batch 8 --threads 1

PyTorch runs a training step and inference, the others inference of the fixed network. The dynamic
network computes every candidate, so its time does not depend on what its gates decide.

Prints one JSON object, with the names that `vared-train bench --json` has:

    {"peer": …, "train": {"clips_per_second": …}, "inference": {…}, "peak_bytes": …}

Ends with status 3 where the peer is not installed or the processor lacks what it needs.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Reference"))
from costs import loss  # noqa: E402
from reference import DynamicConfiguration, NetworkConfiguration, R2Plus1D  # noqa: E402
from x3d import DEPTH_FACTORS, X3D  # noqa: E402

CLASSES = 400
COST_WEIGHT = 0.8
LEFT_OUT = 3
# Of the largest logit: what a peer's answer may differ from PyTorch's in fp32.
TOLERANCES = {"fp32": 1e-3, "bf16": 0.1, "int8": 0.5}

Inference = Callable[[], np.ndarray]


class Unavailable(Exception):
    """This peer cannot run here, and why."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=ENGINES, default="pytorch")
    parser.add_argument("--precision", choices=TOLERANCES, default="fp32")
    parser.add_argument("--layout", choices=["contiguous", "channels-last"], default="contiguous")
    parser.add_argument("--network", choices=["fixed", "dynamic"], default="fixed")
    parser.add_argument("--model", choices=DEPTH_FACTORS, help="instead of an R(2+1)D")
    parser.add_argument("--depth", type=int, choices=[18, 34], default=18)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--iterations", type=int, default=3, help="timed steps, after one more")
    return parser.parse_args()


def build(options: argparse.Namespace) -> nn.Module:
    dynamic = DynamicConfiguration() if options.network == "dynamic" else None
    configuration = NetworkConfiguration(
        CLASSES,
        options.frames,
        options.size,
        options.depth,
        options.width,
        dynamic,
        options.model,
    )
    return (R2Plus1D if options.model is None else X3D)(configuration)


def convert_to_channels_last(network: nn.Module) -> None:
    """Every convolution's weight. `network.to(memory_format=…)` refuses the dynamic network: it
    would convert all parameters of rank 4 or 5, and the temporal phi, of rank 4, cannot be."""
    for parameter in network.parameters():
        if parameter.dim() == 5:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)


def require_bf16() -> None:
    """PyTorch would emulate it, and OpenVINO take fp32 instead."""
    flags = Path("/proc/cpuinfo").read_text().split()
    if not {"avx512_bf16", "amx_bf16"} & set(flags):
        raise Unavailable("bf16: this processor has no instructions for it")


def autocast(precision: str) -> AbstractContextManager[object]:
    return torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")


# The engines: each makes a network ready and returns what answers the clips.


def pytorch(network: nn.Module, clips: Tensor, options: argparse.Namespace) -> Inference:
    def infer() -> np.ndarray:
        with torch.inference_mode(), autocast(options.precision):
            return network(clips).float().numpy()

    return infer


def compiled(network: nn.Module, clips: Tensor, options: argparse.Namespace) -> Inference:
    """torch.compile with frozen weights, so that batch norm is folded into the convolutions."""
    import torch._inductor.config

    torch._inductor.config.freezing = True
    return pytorch(torch.compile(network), clips, options)


def onnxruntime(network: nn.Module, clips: Tensor, options: argparse.Namespace) -> Inference:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        # dynamo=True exports the same and wants one more package.
        torch.onnx.export(network, (clips,), file.name, input_names=["clips"], dynamo=False)
        session = onnxruntime.InferenceSession(file.name, settings, ["CPUExecutionProvider"])
    return lambda: session.run(None, {"clips": clips.numpy()})[0]


def openvino(network: nn.Module, clips: Tensor, options: argparse.Namespace) -> Inference:
    import openvino

    model = openvino.convert_model(network, example_input=clips, input=[tuple(clips.shape)])
    types = {"fp32": openvino.Type.f32, "bf16": openvino.Type.bf16, "int8": openvino.Type.f32}
    if options.precision == "int8":
        import nncf

        # What it is calibrated on decides how right its answers are, not how fast.
        model = nncf.quantize(model, nncf.Dataset([clips]))
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": options.threads,
        "INFERENCE_PRECISION_HINT": types[options.precision],
    }
    ready = openvino.Core().compile_model(model, "CPU", settings)
    if ready.get_property("INFERENCE_PRECISION_HINT") != types[options.precision]:
        raise Unavailable(f"OpenVINO: no {options.precision} on this processor")
    return lambda: ready(clips.numpy())[0]


ENGINES = {
    "pytorch": pytorch,
    "compiled": compiled,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
}


def title(options: argparse.Namespace) -> str:
    """What ran: the engine, its version and how."""
    if options.engine == "pytorch":
        return f"PyTorch {torch.__version__} {options.precision} {options.layout}"
    if options.engine == "compiled":
        return f"torch.compile {torch.__version__} {options.precision}"
    version = sys.modules[options.engine].__version__.split("-")[0]
    names = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
    return f"{names[options.engine]} {version} {options.precision}"


# Timing.


def median_seconds(step: Callable[[], object], iterations: int) -> float:
    step()
    seconds = []
    for _ in range(iterations):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def step_loss(network: nn.Module, clips: Tensor, labels: Tensor) -> Tensor:
    logits = network(clips)
    if network.configuration.dynamic is None:
        return functional.cross_entropy(logits, labels)
    return loss(network, logits, labels, COST_WEIGHT).total


def training_seconds(network: nn.Module, clips: Tensor, options: argparse.Namespace) -> float:
    network.train()
    labels = torch.arange(options.batch) % CLASSES
    # A learning rate of zero: every step has the same work, whatever the clips.
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.0, momentum=0.9, nesterov=True, weight_decay=1e-4
    )

    def step() -> None:
        optimizer.zero_grad()
        with autocast(options.precision):
            total = step_loss(network, clips, labels)
        total.backward()
        optimizer.step()

    return median_seconds(step, options.iterations)


def inference_seconds(network: nn.Module, clips: Tensor, options: argparse.Namespace) -> float:
    network.eval()
    with torch.inference_mode():
        truth = network(clips).numpy()
    infer = ENGINES[options.engine](network, clips, options)
    error = np.abs(infer() - truth).max() / np.abs(truth).max()
    if not error <= TOLERANCES[options.precision]:
        raise SystemExit(f"bench: error: {title(options)}: its answers are off by {error:.1e}")
    return median_seconds(infer, options.iterations)


def measure(options: argparse.Namespace) -> dict[str, object]:
    if options.precision == "bf16":
        require_bf16()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    network = build(options)
    clips = torch.randn(options.batch, 3, options.frames, options.size, options.size)
    if options.layout == "channels-last":
        convert_to_channels_last(network)
        clips = clips.contiguous(memory_format=torch.channels_last_3d)
    result: dict[str, object] = {}
    if options.engine == "pytorch":
        seconds = training_seconds(network, clips, options)
        result["train"] = {"clips_per_second": options.batch / seconds}
    seconds = inference_seconds(network, clips, options)
    result["inference"] = {"clips_per_second": options.batch / seconds}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"peer": title(options), **result, "peak_bytes": peak}


def main() -> None:
    options = arguments()
    try:
        print(json.dumps(measure(options)))
    except (Unavailable, ImportError) as reason:
        print(f"bench: {reason}", file=sys.stderr)
        sys.exit(LEFT_OUT)


if __name__ == "__main__":
    main()
