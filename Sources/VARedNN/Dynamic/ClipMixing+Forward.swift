// A clip's output, mixed from what was computed of it.

import CKernels

extension ClipMixing {
  /// Frames that are mixed together, from one that all candidates compute to the next: few enough
  /// for the caches, however long the clip.
  var span: Int { max(temporalStride, temporal.last?.stride ?? 1) }

  /// `Y` of one channel block, run of frames after run of frames, each wherever it is found or
  /// made.
  /// - Parameter scratch: memory for two spans.
  /// - Returns: what it took.
  func forEachRun(
    block: Int, scratch: UnsafeMutablePointer<Float>,
    _ body: (Range<Int>, UnsafePointer<Float>) -> Void
  ) -> RecordedOperations {
    forEachPlane(block: block, scratch: scratch, ready: body) { frame, terms, plane in
      add(terms, into: plane)
      body(frame..<frame + 1, plane)
    }
  }

  /// The same, but what is not there yet is left to the caller to add up.
  /// - Parameters:
  ///   - ready: takes frames as they are.
  ///   - sum: takes a frame as its terms, one at least, with memory for the plane.
  func forEachPlane(
    block: Int, scratch: UnsafeMutablePointer<Float>,
    ready: (Range<Int>, UnsafePointer<Float>) -> Void,
    sum: (Int, PlaneTerms, UnsafeMutablePointer<Float>) -> Void
  ) -> RecordedOperations {
    if isTemporalIdentity, isOwn(block) {
      ready(0..<output.frames, f + block * computedBlockFloats)
      return RecordedOperations()
    }
    let plane = scratch + spanFloats
    return withTerms { terms in
      for first in stride(from: 0, to: output.frames, by: span) {
        // Where every frame is taken as it is, nothing else reads what the channels add up to.
        let z =
          isTemporalIdentity
          ? nil : channelSum(block: block, from: first, scratch: scratch, &terms)
        for t in first..<min(first + span, output.frames) {
          if let z {
            appendFrames(t, of: z, from: first, block, &terms)
          } else {
            appendChannels(block, frame: t, &terms)
          }
          if terms.count == 0 { plane.update(repeating: 0, count: planeFloats) }
          if let copy = terms.count == 0 ? UnsafePointer(plane) : terms.copy {
            ready(t..<t + 1, copy)
          } else {
            terms.record(elements: elements(block))
            sum(t, terms, plane)
          }
          terms.removeAll()
        }
      }
      return terms.recorded
    }
  }

  /// Elements of a plane of the block, padding left out.
  func elements(_ block: Int) -> Int {
    let lanes = ChannelBlock.lanes
    return min(lanes, output.channels - block * lanes) * output.framePixels
  }

  /// The terms of frame `t` of `Y`, from the `Z` of its span.
  private func appendFrames(
    _ t: Int, of z: UnsafePointer<Float>, from first: Int, _ block: Int, _ terms: inout PlaneTerms
  ) {
    for candidate in temporal {
      terms.append(
        z + source(t, candidate, from: first), weight: candidate.weight,
        taps: t % candidate.stride == 0
          ? nil : temporalTaps(candidate, t % candidate.stride, block))
    }
  }

  /// The terms of a computed frame of `Z`.
  private func appendChannels(_ block: Int, frame: Int, _ terms: inout PlaneTerms) {
    for candidate in channel {
      let isOwn = block < candidate.blocks
      terms.append(
        f + floats(block % candidate.blocks, frame), weight: candidate.weight,
        taps: isOwn ? nil : spatialTaps(candidate, block - candidate.blocks))
    }
  }

  /// Whether the block's `Z` is its `F`.
  private func isOwn(_ block: Int) -> Bool {
    var scale: Float = 0
    for candidate in channel {
      guard block < candidate.blocks else { return false }
      scale += candidate.weight
    }
    return scale.isOne
  }

  /// `Z` of one block at the computed frames of the span that begins with frame `first`: `F` itself
  /// where that is all there is to it, else computed into `scratch`.
  func channelSum(
    block: Int, from first: Int, scratch: UnsafeMutablePointer<Float>, _ terms: inout PlaneTerms
  ) -> UnsafePointer<Float> {
    let start = first / temporalStride
    if isOwn(block) { return UnsafePointer(f + floats(block, start)) }
    for j in 0..<min(span / temporalStride, computedFrames - start) {
      appendChannels(block, frame: start + j, &terms)
      mix(&terms, into: scratch + j * planeFloats, block: block)
    }
    return UnsafePointer(scratch)
  }

  /// Floats of scratch memory that a thread needs: a span of one block twice, and in backward one
  /// of `∂L/∂Z` of every block.
  static func scratchFloats(_ output: ActivationShape, _ space: PolicySpace) -> Int {
    let span = min(output.frames, space.temporalStrides.last ?? 1)
    return (2 + output.blocks) * span * output.planeFloats
  }

  /// Floats of a span of one block.
  var spanFloats: Int { min(output.frames, span) * planeFloats }
}
