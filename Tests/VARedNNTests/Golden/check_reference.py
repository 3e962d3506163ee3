"""Tests of the reference itself: python3 -m unittest check_reference

Gradients by central differences, the published sizes of R(2+1)D-18, METHOD's definitions written
out as loops, and that the golden files hold what the generator gives.
"""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

import reference_path  # noqa: F401  (before what it makes importable)
from costs import (
    candidates_cost,
    cheap_macs,
    conv_ratios,
    executed_convolution_macs,
    executed_macs,
    full_macs,
    gate_macs,
    loss,
    relative_cost,
)
from draws import draw, executed_ratio, kept, uniform, uniforms
from generate import generate
from reference import (
    DynamicConfiguration,
    DynamicConv3d,
    NetworkConfiguration,
    Policy,
    R2Plus1D,
    channel_counts,
    dynamic_layers,
    motion_energy,
    normalise,
    sparsemax_threshold,
    state,
    temporal_strides,
)
from x3d import X3D, excitation_units

HERE = Path(__file__).parent


def tiny_layer(form: str = "normalised", motion: bool = False) -> DynamicConv3d:
    """2 to 18 channels on [2, 3, 2, 2]: two candidates each."""
    torch.manual_seed(1)
    configuration = DynamicConfiguration(2, 2, form, gate_hidden=3, motion_energy=motion)
    layer = DynamicConv3d(2, 18, (3, 1, 1), (1, 1, 1), (1, 0, 0), (3, 2, 2), configuration)
    torch.nn.init.normal_(layer.gate.fc2.weight, std=0.3)
    return layer.double()


def literal_output(full: Tensor, layer: DynamicConv3d, v_t: Tensor, v_c: Tensor) -> Tensor:
    """METHOD section 1 for one clip, F [K, T', H', W'], value by value."""

    def filtered(plane: Tensor, kernel: Tensor) -> Tensor:
        height, width = plane.shape
        result = torch.zeros_like(plane)
        for y in range(height):
            for x in range(width):
                for dy in range(3):
                    for dx in range(3):
                        row, column = y + dy - 1, x + dx - 1
                        if 0 <= row < height and 0 <= column < width:
                            result[y, x] += kernel[dy, dx] * plane[row, column]
        return result

    channels, frames = full.shape[:2]
    mixed = torch.zeros_like(full)
    for b, count in enumerate(layer.channel_counts):
        for c in range(channels):
            for t in range(frames):
                plane = full[c % count, t] if c >= count else full[c, t]
                if c >= count:
                    plane = filtered(plane, layer.phi_s[str(b)][c - count])
                mixed[c, t] += v_c[b] * plane
    output = torch.zeros_like(full)
    for a, stride in enumerate(layer.temporal_strides):
        for c in range(channels):
            for t in range(frames):
                plane = mixed[c, stride * (t // stride)]
                if t % stride != 0:
                    plane = filtered(plane, layer.phi_t[str(a)][t % stride - 1, c])
                output[c, t] += v_t[a] * plane
    return output


class Candidates(unittest.TestCase):
    def test_collapse(self) -> None:
        self.assertEqual(temporal_strides(3, 8), [1, 2, 4])
        self.assertEqual(temporal_strides(3, 3), [1, 2])
        self.assertEqual(temporal_strides(3, 1), [1])
        self.assertEqual(channel_counts(3, 64), [64, 32, 16])
        self.assertEqual(channel_counts(3, 40), [40, 32, 16])
        self.assertEqual(channel_counts(3, 144), [144, 80, 48])
        self.assertEqual(channel_counts(3, 20), [20, 16])
        self.assertEqual(channel_counts(3, 16), [16])
        self.assertEqual(channel_counts(2, 9), [9])

    def test_normalise_gives_the_cheapest_candidate_when_all_are_zero(self) -> None:
        u = torch.tensor([[1.0, 3.0], [0.0, 0.0]], requires_grad=True)
        v = normalise(u)
        self.assertEqual(v.tolist(), [[0.25, 0.75], [0.0, 1.0]])
        (du,) = torch.autograd.grad(v[:, 0].sum(), u)
        self.assertEqual(du[1].tolist(), [0.0, 0.0])


    def test_sparsemax_is_the_nearest_point_of_the_simplex(self) -> None:
        z = torch.tensor([[0.5, 0.2, -1], [3, 1, 0], [0, 0, 0]], dtype=torch.float64)
        v = (z - sparsemax_threshold(z)).clamp(min=0)
        third = 1 / 3
        expected = [[0.65, 0.35, 0], [1, 0, 0], [third, third, third]]
        torch.testing.assert_close(v, v.new_tensor(expected), rtol=0, atol=1e-12)


class Layer(unittest.TestCase):
    def test_output_is_the_definition(self) -> None:
        layer = tiny_layer()
        x = torch.randn(2, 2, 3, 2, 2, dtype=torch.float64)
        policy = Policy(
            torch.tensor([[0.3, 0.7], [0.0, 1.0]]).double(),
            torch.tensor([[0.6, 0.4], [0.0, 0.9]]).double(),
        )
        y = layer.modulated(x, policy)
        full = torch.nn.functional.conv3d(x, layer.weight, padding=layer.padding)
        for n in range(2):
            expected = literal_output(full[n], layer, policy.temporal[n], policy.channel[n])
            torch.testing.assert_close(y[n], expected)

    def test_gradients(self) -> None:
        forms = (("normalised", False), ("published", False), ("sparsemax", False))
        for form, motion in (*forms, ("normalised", True)):
            layer = tiny_layer(form, motion)

            def run(x: Tensor, *values: Tensor, layer: DynamicConv3d = layer) -> Tensor:
                names = [name for name, _ in layer.named_parameters()]
                parameters = dict(zip(names, values, strict=True))
                return torch.func.functional_call(layer, parameters, (x,))

            torch.manual_seed(2)
            x = torch.randn(3, 2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
            parameters = [p.detach().clone().requires_grad_() for p in layer.parameters()]
            self.assertTrue(torch.autograd.gradcheck(run, (x, *parameters), fast_mode=True))

    def test_what_no_candidate_needs_has_no_influence(self) -> None:
        layer = tiny_layer()
        x = torch.randn(1, 2, 3, 2, 2, dtype=torch.float64)
        cheapest = torch.tensor([[0.0, 1.0]]).double()
        y = layer.modulated(x, Policy(cheapest, cheapest))
        with torch.no_grad():
            layer.weight[16:] = 100
        torch.testing.assert_close(layer.modulated(x, Policy(cheapest, cheapest)), y)

    def test_counts(self) -> None:
        layer = tiny_layer()
        half = torch.tensor([[0.5, 0.5], [0.0, 1.0]]).double()
        policy = Policy(half, half)
        self.assertEqual(executed_convolution_macs(layer, policy, 0), 18 * 2 * 3 * 3 * 4)
        self.assertEqual(executed_convolution_macs(layer, policy, 1), 16 * 2 * 3 * 2 * 4)
        self.assertEqual(cheap_macs(layer, policy, 0), (2 * 3 + 1 * 18) * 9 * 4)
        self.assertEqual(cheap_macs(layer, policy, 1), (2 * 2 + 1 * 18) * 9 * 4)
        self.assertEqual(gate_macs(layer), 3 * 6 + 4 * 3)
        expected = torch.tensor([0.75 * (0.5 + 0.5 * 16 / 18), 0.5 * 16 / 18]).double()
        torch.testing.assert_close(relative_cost(layer, policy), expected)


class Adaptive(unittest.TestCase):
    """METHOD section 4: what gates see, what candidates cost, who decides."""

    def test_motion_energy_is_the_definition(self) -> None:
        x = torch.randn(2, 3, 4, 2, 5, dtype=torch.float64)
        energy = motion_energy(x)
        for n, c, t in np.ndindex(2, 3, 4):
            moved = [abs(x[n, c, t, h, w] - x[n, c, t - 1, h, w]) for h, w in np.ndindex(2, 5)]
            expected = 0 if t == 0 else float(sum(moved)) / 10
            self.assertAlmostEqual(energy[n, c, t].item(), expected)

    def test_a_gate_sees_means_then_energies(self) -> None:
        layer = tiny_layer(motion=True)
        x = torch.randn(2, 2, 3, 2, 2, dtype=torch.float64)
        seen = layer.gate.inputs(x)
        self.assertEqual(tuple(seen.shape), (2, 12))
        self.assertAlmostEqual(seen[1, 1 * 3 + 2].item(), x[1, 1, 2].mean().item())
        energy = (x[1, 1, 2] - x[1, 1, 1]).abs().mean().item()
        self.assertAlmostEqual(seen[1, 6 + 1 * 3 + 2].item(), energy)
        self.assertEqual(gate_macs(layer), 3 * 12 + 4 * 3)

    def test_saturating_cost(self) -> None:
        v = torch.tensor([[0.2, 0.3, 0.5], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]).double()
        shares = [1.0, 0.5, 0.25]
        cost = candidates_cost(v, shares, 0.1)
        first = 0.5 * 1.1 * 0.2 / 0.3 + 0.25 * 1.1 * 0.5 / 0.6 + 0.25 * 1
        torch.testing.assert_close(cost, torch.tensor([first, 0.25, 1.0]).double())
        # Large kappa: the linear cost; small: that of the dearest candidate with a weight.
        linear = candidates_cost(v, shares, None)
        torch.testing.assert_close(candidates_cost(v, shares, 1e9), linear, rtol=1e-7, atol=0)
        executed = torch.tensor([1.0, 0.25, 1.0]).double()
        torch.testing.assert_close(
            candidates_cost(v, shares, 1e-9), executed, rtol=1e-7, atol=0
        )

    def test_a_held_policy_asks_no_gate(self) -> None:
        layer = tiny_layer()
        layer.hold([(0, 5), (1, 0)])
        x = torch.randn(2, 2, 3, 2, 2, dtype=torch.float64)
        layer(x).sum().backward()
        self.assertEqual(layer.policy.temporal.tolist(), [[1, 0], [0, 1]])
        self.assertEqual(layer.policy.channel.tolist(), [[0, 1], [1, 0]])
        self.assertTrue(all(p.grad is None for p in layer.gate.parameters()))
        self.assertEqual(gate_macs(layer), 0)

    def test_a_frozen_gate_decides_as_in_inference_and_learns_nothing(self) -> None:
        layer = tiny_layer(motion=True)
        layer.gate.bn.running_mean.normal_()
        x = torch.randn(2, 2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
        expected = layer.eval()(x).detach()
        policy, before = layer.policy, state(layer.gate)
        layer.frozen = True
        y = layer.train()(x)
        torch.testing.assert_close(y, expected, rtol=0, atol=0)
        (dx,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
        constant = Policy(policy.temporal.detach(), policy.channel.detach())
        (alone,) = torch.autograd.grad(layer.modulated(x, constant).sum(), x)
        torch.testing.assert_close(dx, alone)
        y.sum().backward()
        self.assertTrue(all(p.grad is None for p in layer.gate.parameters()))
        for name, value in state(layer.gate).items():
            self.assertTrue(torch.equal(value, before[name]), name)

    def test_draws(self) -> None:
        # SplitMix64's published first number for the state 1234567.
        basis, name = 0xCBF29CE484222325, ""
        key = (basis ^ 1234567) * pow(0x9E3779B97F4A7C15, -1, 2**64) % 2**64
        self.assertEqual(uniform(key, name), (6457827717110365317 >> 11) * 2.0**-53)
        layer, tilt, count = tiny_layer(), 2.0, 4000
        found = [draw(layer, "conv", key, tilt) for key in range(count)]
        pairs = [(a, b) for a in range(2) for b in range(2)]
        weights = [np.exp(-tilt * executed_ratio(layer, a, b)) for a, b in pairs]
        for pair, weight in zip(pairs, weights, strict=True):
            self.assertAlmostEqual(found.count(pair) / count, weight / sum(weights), delta=0.03)
        self.assertEqual(draw(layer, "conv", None, tilt), (0, 0))
        self.assertNotEqual(found, [draw(layer, "other", key, tilt) for key in range(count)])


    def test_dropout(self) -> None:
        numbers = uniforms(5, "fc", 1000)
        self.assertEqual(numbers[0], uniform(5, "fc"))
        self.assertEqual(len(set(numbers)), 1000)
        factors = kept([5, 6], "fc", 1000, 0.25)
        self.assertEqual(set(factors.flatten().tolist()), {0.0, 1 / 0.75})
        self.assertAlmostEqual((factors == 0).double().mean().item(), 0.25, delta=0.04)
        self.assertEqual((factors[0] == 0).tolist(), [number < 0.25 for number in numbers])


class Network(unittest.TestCase):
    def test_published_sizes_of_x3d(self) -> None:
        for model, frames, size, millions, gmacs in (
            ("x3d-m", 4, 160, 3.79, 0.60),
            ("x3d-m", 13, 160, 3.79, 1.96),
            ("x3d-m", 16, 224, 3.79, 4.73),
            ("x3d-l", 16, 312, 6.15, 18.37),
        ):
            with torch.device("meta"):
                network = X3D(NetworkConfiguration(400, frames, size, model=model))
            count = sum(p.numel() for p in network.parameters())
            self.assertAlmostEqual(count / 1e6, millions, delta=0.01)
            self.assertAlmostEqual(full_macs(network) / 1e9 / gmacs, 1, delta=0.02)

    def test_excitation_units_are_the_published_ones(self) -> None:
        self.assertEqual([excitation_units(c) for c in (54, 108, 216, 432)], [8, 8, 16, 32])

    def test_published_sizes(self) -> None:
        for frames, gmacs in ((8, 20.26), (16, 40.52)):
            network = R2Plus1D(NetworkConfiguration(400, frames, 112))
            self.assertEqual(sum(p.numel() for p in network.parameters()), 31_505_325)
            self.assertEqual(round(full_macs(network) / 1e9, 2), gmacs)
        network = R2Plus1D(NetworkConfiguration(400, 8, 224))
        self.assertEqual(round(full_macs(network) / 1e9, 2), 81.04)

    def test_torchvision_names_and_middle_channels(self) -> None:
        shapes = {
            name: tuple(value.shape)
            for name, value in R2Plus1D(NetworkConfiguration(400, 8, 112)).state_dict().items()
        }
        self.assertEqual(shapes["stem.3.weight"], (64, 45, 3, 1, 1))
        self.assertEqual(shapes["layer1.0.conv1.0.0.weight"], (144, 64, 1, 3, 3))
        self.assertEqual(shapes["layer2.0.conv1.0.3.weight"], (128, 230, 3, 1, 1))
        self.assertEqual(shapes["layer2.0.conv2.0.0.weight"], (230, 128, 1, 3, 3))
        self.assertEqual(shapes["layer2.1.conv2.0.3.weight"], (128, 288, 3, 1, 1))
        self.assertEqual(shapes["layer4.0.downsample.0.weight"], (512, 256, 1, 1, 1))
        self.assertEqual(len(dynamic_layers(small_network())), 32)

    def test_initial_gates_compute_nearly_everything(self) -> None:
        network = small_network()
        network(torch.randn(2, 3, 4, 32, 32))
        self.assertEqual(conv_ratios(network, 2), [1.0, 1.0])
        gates = sum(gate_macs(layer) for layer in dynamic_layers(network).values())
        self.assertGreater(min(executed_macs(network, 2)), full_macs(network) + gates)

    def test_cost_counts_only_clips_that_are_right(self) -> None:
        network = small_network()
        logits = network(torch.randn(2, 3, 4, 32, 32))
        answers = logits.argmax(dim=1)
        wrong = (answers + 1) % 5
        self.assertEqual(loss(network, logits, wrong, 0.8).cost.item(), 0)
        right = loss(network, logits, answers, 0.8)
        half = loss(network, logits, torch.stack([answers[0], wrong[1]]), 0.8)
        self.assertGreater(right.cost.item(), half.cost.item())
        self.assertGreater(half.cost.item(), 0)
        torch.testing.assert_close(right.total, right.cross_entropy + 0.8 * right.cost)


def small_network() -> R2Plus1D:
    """A narrow dynamic network for clips of 4x32x32."""
    torch.manual_seed(3)
    dynamic = DynamicConfiguration(2, 2)
    return R2Plus1D(NetworkConfiguration(5, 4, 32, width=0.0625, dynamic=dynamic))


class Files(unittest.TestCase):
    def test_files_hold_what_the_generator_gives(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            generate(Path(folder))
            written = sorted(path.name for path in Path(folder).glob("*.h5"))
            self.assertEqual(written, sorted(path.name for path in HERE.glob("*.h5")))
            for name in written:
                with h5py.File(HERE / name) as stored, h5py.File(Path(folder) / name) as again:
                    self.compare(name, datasets(stored), datasets(again))

    def compare(
        self, file: str, stored: dict[str, np.ndarray], again: dict[str, np.ndarray]
    ) -> None:
        self.assertEqual(list(stored), list(again), file)
        for name, value in stored.items():
            scale = np.abs(again[name]).max()
            np.testing.assert_allclose(
                value, again[name], rtol=1e-6, atol=1e-7 * scale + 1e-12, err_msg=f"{file}:{name}"
            )


def datasets(file: h5py.File) -> dict[str, np.ndarray]:
    """Every dataset of the file by path."""
    found: dict[str, np.ndarray] = {}

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    file.visititems(visit)
    return found


if __name__ == "__main__":
    unittest.main()
