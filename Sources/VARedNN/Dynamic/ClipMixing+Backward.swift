// The gradients of what one clip is mixed from.

import CKernels

extension ClipMixing {
  /// Where one clip's kernel gradients are collected, laid out as the kernels are, and the
  /// weights'.
  struct Gradients {
    /// `∂L/∂φ`, spatial kernels first; added to, as are the others.
    let kernels: UnsafeMutablePointer<Float>
    /// `∂L/∂v_t [blocks, St]`.
    let temporal: UnsafeMutablePointer<Double>
    /// `∂L/∂v_c [blocks, Sc]`.
    let channel: UnsafeMutablePointer<Double>
  }

  /// `∂L/∂F` of a channel group's computed blocks, assigned, and the gradients of `φ` and `v`. A
  /// span of all blocks of the group at a time, so that what goes from one to the other stays in
  /// the caches.
  /// - Parameters:
  ///   - df: `∂L/∂F` of the clip.
  ///   - scratch: `scratchFloats` floats.
  ///   - write: writes `∂L/∂Y` of some frames of a block.
  func backward(
    channelGroup group: Int, scratch: UnsafeMutablePointer<Float>, df: UnsafeMutablePointer<Float>,
    gradients: Gradients, dy write: (Int, Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let members = stride(from: group, to: blocks, by: channelGroups)
    let sums = isChannelIdentity ? nil : scratch + 2 * spanFloats
    withTerms { terms in
      for first in stride(from: 0, to: output.frames, by: span) {
        let frames = first..<min(first + span, output.frames)
        let start = first / temporalStride
        for block in members {
          let dz = sums.map { $0 + place(block, group) } ?? df + floats(block, start)
          if isTemporalIdentity {
            write(block, frames, dz)
            continue
          }
          let dy = scratch + spanFloats
          write(block, frames, dy)
          let z = channelSum(block: block, from: first, scratch: scratch, &terms)
          mixBack(block, frames, dy: dy, dz: dz, &terms)
          correlate(block, frames, dy: dy, z: z, gradients)
        }
        guard let sums else { continue }
        for block in members where block < computedBlocks {
          for j in 0..<min(computedSpan, computedFrames - start) {
            channelBackward(
              block: block, frame: start + j,
              dz: { sums + place($0, group) + j * planeFloats }, df: df,
              gradients, &terms)
          }
        }
      }
    }
  }

  /// Computed frames of a span.
  private var computedSpan: Int { span / temporalStride }

  /// Where in the group's memory a span of a block begins.
  private func place(_ block: Int, _ group: Int) -> Int {
    (block - group) / channelGroups * computedSpan * planeFloats
  }

  /// `∂L/∂Z` at the computed frames of a span, assigned.
  private func mixBack(
    _ block: Int, _ frames: Range<Int>, dy: UnsafePointer<Float>, dz: UnsafeMutablePointer<Float>,
    _ terms: inout PlaneTerms
  ) {
    let plane = planeFloats
    for start in stride(from: frames.lowerBound, to: frames.upperBound, by: temporalStride) {
      let from = dy + (start - frames.lowerBound) * plane
      for candidate in temporal where start % candidate.stride == 0 {
        terms.append(from, weight: candidate.weight)
        for offset in 1..<candidate.stride where start + offset < frames.upperBound {
          terms.append(
            from + offset * plane, weight: candidate.weight,
            taps: temporalTaps(candidate, offset, block))
        }
      }
      mix(
        &terms, into: dz + (start - frames.lowerBound) / temporalStride * plane, block: block,
        transposed: true)
    }
  }

  /// The gradients of `φt` and `v_t` from a span.
  private func correlate(
    _ block: Int, _ frames: Range<Int>, dy: UnsafePointer<Float>, z: UnsafePointer<Float>,
    _ gradients: Gradients
  ) {
    for t in frames {
      let dPlane = dy + (t - frames.lowerBound) * planeFloats
      // One plane is what all candidates have that compute this frame.
      var own: Double?
      for candidate in temporal {
        let from = z + source(t, candidate, from: frames.lowerBound)
        let offset = t % candidate.stride
        let sum = block * temporalCandidates + candidate.a
        if offset > 0 {
          gradients.temporal[sum] += correlate(
            dPlane, from, weight: candidate.weight, temporalTaps(candidate, offset, block),
            into: gradients.kernels + candidate.kernels + temporalOffset(offset, block))
        } else if wantsTemporalWeightGradient {
          let product = own ?? ChannelBlock.kernels.dot(dPlane, from, output.framePixels)
          gradients.temporal[sum] += product
          own = product
        }
      }
    }
  }

  /// `∂L/∂F` of one frame of a computed block, assigned, from `∂L/∂Z` of its channel group's
  /// blocks, and the gradients of `φs` and `v_c`.
  private func channelBackward(
    block: Int, frame: Int, dz: (Int) -> UnsafeMutablePointer<Float>,
    df: UnsafeMutablePointer<Float>, _ gradients: Gradients, _ terms: inout PlaneTerms
  ) {
    let at = floats(block, frame)
    let dOwn = dz(block)
    var own: Double?
    for candidate in channel where block < candidate.blocks {
      let sum = block * channelCandidates + candidate.b
      terms.append(dOwn, weight: candidate.weight)
      if wantsChannelWeightGradient {
        let product = own ?? ChannelBlock.kernels.dot(dOwn, f + at, output.framePixels)
        gradients.channel[sum] += product
        own = product
      }
      for target in targets(of: block, candidate) {
        let kernel = target - candidate.blocks
        let taps = spatialTaps(candidate, kernel)
        terms.append(dz(target), weight: candidate.weight, taps: taps)
        gradients.channel[sum] += correlate(
          dz(target), f + at, weight: candidate.weight, taps,
          into: gradients.kernels + candidate.kernels + kernel * CheapOperations.blockFloats)
      }
    }
    mix(&terms, into: df + at, block: block, transposed: true)
  }

  private func correlate(
    _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, weight: Float,
    _ taps: UnsafePointer<Float>?, into gradient: UnsafeMutablePointer<Float>
  ) -> Double {
    ChannelBlock.kernels.correlate_plane(
      dy, x, Int32(output.height), Int32(output.width), weight, taps, gradient)
  }
}
