// Batch norm with what follows it, item by item.

import CKernels

/// `y = act(scale·x + shift + residual)` of a batch, with the statistics of its frames. An *item*
/// is a clip's channel block; its frames are handed in in their order, on one thread.
///
/// Made for one pass, so that nothing is looked up or retained for every plane; valid until the
/// norm's or the output's next one.
struct NormalizingPass {
  private let shape: ActivationShape
  private let blocks: Int
  private let elementFLOPs: Int
  private let scale: UnsafePointer<Float>
  private let shift: UnsafePointer<Float>
  /// Of the first item; without data where there is none.
  private let residual: vared_affine
  private let y: UnsafeMutablePointer<Float>
  private let means: UnsafeMutablePointer<Float>
  /// Where motion energy is written, and memory for the frame before of every thread.
  private let energies: UnsafeMutablePointer<Float>?
  private let framesBefore: UnsafeMutablePointer<Float>?
  private let streamed: Bool
  private let operations: OperationRecord
  private let residualOperations: OperationRecord?

  /// - Parameters:
  ///   - norm: with its scale and shift as they are.
  ///   - operations: of the norm; `residualOperations` of the one that makes the residual.
  init(
    _ norm: BatchNorm, residual: Residual?, into y: FeatureMap, clips n: Int,
    operations: OperationRecord, residualOperations: OperationRecord?
  ) {
    precondition(
      norm.epilogue.activation == .relu && norm.epilogue.addsResidual == (residual != nil),
      "a pass for another epilogue")
    shape = norm.shape
    blocks = shape.blocks
    elementFLOPs = norm.epilogue.flops
    let affine = norm.affine
    (scale, shift) = (affine.scale, affine.shift)
    self.residual =
      residual.map {
        vared_affine(data: $0.clips.base, scale: $0.affine.scale, shift: $0.affine.shift)
      }
      ?? vared_affine()
    (self.y, means) = (y.data, y.means)
    streamed = shape.isBeyondCaches(clips: n)
    energies = y.motion?.start()
    // In the caches, the frame before is found where it was written.
    framesBefore = streamed && energies != nil ? y.motion?.framesBefore() : nil
    (self.operations, self.residualOperations) = (operations, residualOperations)
  }

  /// Some frames of an item, wherever they lie.
  func apply(_ x: UnsafePointer<Float>, item: Int, frames: Range<Int>) {
    let place = Place(item, frames, blocks, shape)
    record(place, calls: 1)
    var normalization = normalization(place)
    ChannelBlock.kernels.normalize(
      &normalization, x, Int32(frames.count), shape.framePixels)
  }

  /// One frame of an item that is still to be added up.
  /// - Parameters:
  ///   - terms: one at least; recorded by the layer that made them.
  ///   - partial: memory for a plane.
  func apply(
    _ terms: PlaneTerms, partial: UnsafeMutablePointer<Float>, item: Int, frame: Int
  ) {
    let place = Place(item, frame..<frame + 1, blocks, shape)
    record(place, calls: 0)
    var (mixing, normalization) = (terms.mixing(shape), normalization(place))
    ChannelBlock.kernels.mix_normalize(&mixing, &normalization, partial)
  }

  /// Some frames of an item among all.
  private struct Place {
    /// First float.
    let first: Int
    /// First channel.
    let lane: Int
    /// Channels that are none of the padding.
    let channels: Int
    /// First value of a statistic.
    let statistic: Int
    let startsClip: Bool
    let elements: Int

    init(_ item: Int, _ frames: Range<Int>, _ blocks: Int, _ shape: ActivationShape) {
      let lanes = ChannelBlock.lanes
      let (clip, block) = (item / blocks, item % blocks)
      lane = block * lanes
      first = (item * shape.frames + frames.lowerBound) * shape.framePixels * lanes
      channels = min(lanes, shape.channels - lane)
      statistic = (clip * shape.channels + lane) * shape.frames + frames.lowerBound
      startsClip = frames.lowerBound == 0
      elements = channels * frames.count * shape.framePixels
    }
  }

  private func normalization(_ place: Place) -> vared_normalization {
    vared_normalization(
      y: y + place.first, scale: scale + place.lane, shift: shift + place.lane,
      residual: affineResidual(place), statistics: statistics(place), streamed: streamed)
  }

  private func affineResidual(_ place: Place) -> vared_affine {
    guard let data = residual.data else { return residual }
    return vared_affine(
      data: data + place.first, scale: residual.scale + place.lane,
      shift: residual.shift + place.lane)
  }

  private func statistics(_ place: Place) -> vared_frame_statistics {
    vared_frame_statistics(
      means: means + place.statistic, energies: energies.map { $0 + place.statistic },
      previous: framesBefore.map { $0 + Parallel.thread * shape.planeFloats },
      lanes: Int32(place.channels), stride: Int32(shape.frames), starts: place.startsClip)
  }

  private func record(_ place: Place, calls: Int) {
    operations.record(calls: calls, flops: elementFLOPs * place.elements)
    // Carried out by the same call.
    residualOperations?.record(calls: 0, flops: Epilogue.none.flops * place.elements)
  }
}
