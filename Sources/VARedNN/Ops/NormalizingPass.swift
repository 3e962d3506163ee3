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
  private let statistics: FrameStatistics
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
    self.y = y.data
    streamed = shape.isBeyondCaches(clips: n)
    statistics = FrameStatistics(of: y, streamed: streamed)
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
    let item: Int
    let firstFrame: Int
    let elements: Int

    init(_ item: Int, _ frames: Range<Int>, _ blocks: Int, _ shape: ActivationShape) {
      let lanes = ChannelBlock.lanes
      (self.item, firstFrame) = (item, frames.lowerBound)
      lane = item % blocks * lanes
      first = (item * shape.frames + firstFrame) * shape.framePixels * lanes
      elements = min(lanes, shape.channels - lane) * frames.count * shape.framePixels
    }
  }

  private func normalization(_ place: Place) -> vared_normalization {
    vared_normalization(
      y: y + place.first, scale: scale + place.lane, shift: shift + place.lane,
      residual: affineResidual(place),
      statistics: statistics.target(place.item, from: place.firstFrame), streamed: streamed)
  }

  private func affineResidual(_ place: Place) -> vared_affine {
    guard let data = residual.data else { return residual }
    return vared_affine(
      data: data + place.first, scale: residual.scale + place.lane,
      shift: residual.shift + place.lane)
  }

  private func record(_ place: Place, calls: Int) {
    operations.record(calls: calls, flops: elementFLOPs * place.elements)
    // Carried out by the same call.
    residualOperations?.record(calls: 0, flops: Epilogue.none.flops * place.elements)
  }
}
