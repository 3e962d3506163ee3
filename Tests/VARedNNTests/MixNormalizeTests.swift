// A mixed plane that is normalized as it is completed, against mixing and normalizing one after the
// other.

import CKernels
import TestSupport
import Testing

@testable import VARedNN

@Suite struct MixNormalizeTests {
  private let lanes = ChannelBlock.lanes

  /// What is noted about a frame beside its means.
  enum Motion: CaseIterable {
    case none
    /// It has no frame before.
    case first
    /// Against the frame that lies before it.
    case inPlace
    /// Against a frame that was kept.
    case kept
  }

  /// Which terms pass through kernels, in their order.
  @Test(
    arguments: [[false], [true], [false, true], [true, false], [true, true, true]],
    Motion.allCases)
  func equalsOneAfterTheOther(_ kernels: [Bool], _ motion: Motion) {
    // More rows than are mixed at a time; a plane of one column; one of one pixel.
    for (height, width) in [(9, 40), (5, 1), (1, 1)] {
      for (addsShortcut, streamed) in [
        (false, false), (false, true), (true, false), (true, true),
      ] {
        let (apart, together) = (
          outputs(kernels, addsShortcut, height, width, motion, streamed, apart: true),
          outputs(kernels, addsShortcut, height, width, motion, streamed, apart: false)
        )
        let what = "\(kernels) \(addsShortcut) \(height)x\(width) \(motion) \(streamed)"
        expectClose(together.y, apart.y, rtol: 1e-6, atol: 1e-6, what)
        expectClose(together.means, apart.means, rtol: 1e-5, atol: 1e-6, "\(what) means")
        expectClose(together.energies, apart.energies, rtol: 1e-5, atol: 1e-6, "\(what) energies")
        #expect(together.y.contains { $0 > 0 } && together.y.contains { $0 == 0 })
        let moves = motion == .inPlace || motion == .kept
        #expect(together.energies.contains { $0 > 0 } == moves, "\(what)")
      }
    }
  }

  /// Motion energy is the mean of |y[t] − y[t−1]|, whether the frame before is found where it was
  /// written or was kept, in one call or one for each frame.
  @Test(arguments: [false, true], [false, true])
  func motionEnergyIsTheMeanChange(_ streamed: Bool, _ keeps: Bool) {
    let (frames, pixels) = (4, 15)
    let x = buffer("x", frames * pixels * lanes)
    let (scale, shift) = (buffer("scale", lanes), buffer("shift", lanes))
    for framesPerCall in [1, 3, 4] {
      let (y, before) = (FloatBuffer(x.count), FloatBuffer(pixels * lanes))
      let (means, energies) = (FloatBuffer(frames * lanes), FloatBuffer(frames * lanes))
      for t in stride(from: 0, to: frames, by: framesPerCall) {
        var normalization = vared_normalization(
          y: y.base + t * pixels * lanes, scale: scale.base, shift: shift.base,
          residual: vared_affine(),
          statistics: vared_frame_statistics(
            means: means.base + t, energies: energies.base + t,
            previous: keeps ? before.base : nil, lanes: Int32(lanes), stride: Int32(frames),
            starts: t == 0), streamed: streamed)
        ChannelBlock.kernels.normalize(
          &normalization, x.base + t * pixels * lanes, Int32(min(framesPerCall, frames - t)),
          pixels)
      }
      let expected = (0..<lanes * frames).map { i in
        let (lane, t) = (i / frames, i % frames)
        guard t > 0 else { return Float(0) }
        let changes = (0..<pixels).map { pixel in
          abs(
            y.base[(t * pixels + pixel) * lanes + lane]
              - y.base[((t - 1) * pixels + pixel) * lanes + lane])
        }
        return changes.reduce(0, +) / Float(pixels)
      }
      expectClose(Array(energies.all), expected, rtol: 1e-5, "\(framesPerCall)")
      #expect(expected.contains { $0 > 0 })
    }
  }

  private func outputs(
    _ kernels: [Bool], _ addsShortcut: Bool, _ height: Int, _ width: Int, _ motion: Motion,
    _ streamed: Bool, apart: Bool
  ) -> (y: [Float], means: [Float], energies: [Float]) {
    let floats = height * width * lanes
    let names = kernels.indices.map(String.init)
    let sources = names.map { buffer("source \($0)", floats) }
    let taps = names.map { buffer("taps \($0)", 9 * lanes) }
    let terms = kernels.indices.map { k in
      vared_term(
        source: UnsafePointer(sources[k].base),
        taps: kernels[k] ? UnsafePointer(taps[k].base) : nil, weight: 0.25 + Float(k))
    }
    let (scale, shift) = (buffer("scale", lanes), buffer("shift", lanes))
    let residual = buffer("residual", floats)
    // A frame, behind the one before it.
    let (both, plane, before) = (
      buffer("before", 2 * floats), FloatBuffer(floats), buffer("before", floats)
    )
    let y = both.base + floats
    // Of frame 1 of 3, without the last lane, which is padding.
    let (means, energies) = (FloatBuffer(3 * lanes), FloatBuffer(3 * lanes))
    let statistics = vared_frame_statistics(
      means: means.base + 1, energies: motion == .none ? nil : energies.base + 1,
      previous: motion == .kept ? before.base : nil, lanes: Int32(lanes - 1), stride: 3,
      starts: motion == .first)
    let shortcut =
      addsShortcut
      ? vared_affine(
        data: UnsafePointer(residual.base), scale: UnsafePointer(shift.base),
        shift: UnsafePointer(scale.base)) : vared_affine()
    var normalization = vared_normalization(
      y: y, scale: scale.base, shift: shift.base, residual: shortcut, statistics: statistics,
      streamed: streamed)
    terms.withUnsafeBufferPointer { terms in
      var mixing = vared_mixing(
        terms: terms.baseAddress, count: Int32(terms.count), height: Int32(height),
        width: Int32(width), transposed: false)
      if apart {
        ChannelBlock.kernels.mix_plane(&mixing, plane.base)
        ChannelBlock.kernels.normalize(&normalization, plane.base, 1, height * width)
      } else {
        ChannelBlock.kernels.mix_normalize(&mixing, &normalization, plane.base)
      }
    }
    let written = Array(both.all[floats...])
    if motion == .kept { #expect(Array(before.all) == written, "kept for the next frame") }
    withExtendedLifetime((sources, taps, residual)) {}
    return (written, Array(means.all), Array(energies.all))
  }

  private func buffer(_ name: String, _ floats: Int) -> FloatBuffer {
    let buffer = FloatBuffer(floats)
    _ = buffer.all.update(fromContentsOf: normals(floats, name))
    return buffer
  }
}
