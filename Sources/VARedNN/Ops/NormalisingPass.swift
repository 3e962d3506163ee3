// Batch norm, item by item: forward with what follows it, and the second pass of backward.

import CKernels

/// `y = act(scale·x + shift + residual)` of a batch, with what is noted about `y`. An *item* is a clip's
/// channel block; whoever has its frames hands them in in their order, on one thread.
///
/// Made for one pass, of plain values: nothing is looked up or retained for every plane.
struct NormalisingPass {
  private let shape: ActivationShape
  private let blocks: Int
  private let scale: UnsafePointer<Float>
  private let shift: UnsafePointer<Float>
  private let residual: BatchNorm.Residual?
  private let y: UnsafeMutablePointer<Float>
  private let means: UnsafeMutablePointer<Float>
  /// Where motion energy is noted, and memory for the frame before of every thread.
  private let energies: UnsafeMutablePointer<Float>?
  private let framesBefore: UnsafeMutablePointer<Float>?
  private let pastCaches: Bool
  private let account: OperationAccount
  private let residualAccount: OperationAccount?

  /// - Parameters:
  ///   - scale: of every channel, as `shift`.
  ///   - account: of the norm; `residualAccount` of the one that makes the residual.
  init(
    _ shape: ActivationShape, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    residual: BatchNorm.Residual?, into y: Activation, clips n: Int, account: OperationAccount,
    residualAccount: OperationAccount?
  ) {
    self.shape = shape
    blocks = shape.blocks
    (self.scale, self.shift, self.residual) = (scale, shift, residual)
    (self.y, means) = (y.data, y.means)
    pastCaches = shape.isBeyondCaches(clips: n)
    let motion = y.motion.flatMap { $0.isWanted ? $0 : nil }
    energies = motion?.energies.base
    // In the caches, the frame before is found where it was written.
    framesBefore = pastCaches ? motion?.framesBefore() : nil
    (self.account, self.residualAccount) = (account, residualAccount)
  }

  /// Some frames of an item, wherever they lie.
  func apply(_ x: UnsafePointer<Float>, item: Int, frames: Range<Int>) {
    let place = Place(item, frames, blocks, shape)
    issue(place, calls: 1)
    vk_normalize(
      Int32(ChannelBlock.lanes), y + place.first,
      vk_affine(data: x, scale: scale + place.lane, shift: shift + place.lane),
      affineResidual(place), true, Int32(frames.count), shape.framePixels, notes(place), pastCaches)
  }

  /// One frame of an item that is still to be added up.
  /// - Parameters:
  ///   - terms: one at least; booked already.
  ///   - partial: memory for a plane.
  func apply(
    _ terms: PlaneTerms, partial: UnsafeMutablePointer<Float>, item: Int, frame: Int
  ) {
    let place = Place(item, frame..<frame + 1, blocks, shape)
    issue(place, calls: 0)
    vk_mix_normalize(
      Int32(ChannelBlock.lanes), y + place.first, partial, Int32(shape.height),
      Int32(shape.width), terms.memory.baseAddress, Int32(terms.count), scale + place.lane,
      shift + place.lane, affineResidual(place), notes(place), pastCaches)
  }

  /// Some frames of an item among all.
  private struct Place {
    /// First float.
    let first: Int
    /// First channel.
    let lane: Int
    /// Channels that are none of the padding.
    let channels: Int
    /// First value of a note.
    let note: Int
    let startsClip: Bool
    let elements: Int

    init(_ item: Int, _ frames: Range<Int>, _ blocks: Int, _ shape: ActivationShape) {
      let lanes = ChannelBlock.lanes
      let (clip, block) = (item / blocks, item % blocks)
      lane = block * lanes
      first = (item * shape.frames + frames.lowerBound) * shape.framePixels * lanes
      channels = min(lanes, shape.channels - lane)
      note = (clip * shape.channels + lane) * shape.frames + frames.lowerBound
      startsClip = frames.lowerBound == 0
      elements = channels * frames.count * shape.framePixels
    }
  }

  private func affineResidual(_ place: Place) -> vk_affine {
    guard let residual else { return vk_affine() }
    return vk_affine(
      data: residual.data + place.first, scale: residual.scale + place.lane,
      shift: residual.shift + place.lane)
  }

  private func notes(_ place: Place) -> vk_notes {
    vk_notes(
      means: means + place.note, energies: energies.map { $0 + place.note },
      before: framesBefore.map { $0 + Parallel.thread * shape.planeFloats },
      lanes: Int32(place.channels), stride: Int32(shape.frames), starts: place.startsClip)
  }

  private func issue(_ place: Place, calls: Int) {
    let follower = residual == nil ? BatchNorm.Follower.relu : .residualAndReLU
    account.issue(calls: calls, flops: follower.flops * place.elements)
    // Carried out by the same call.
    residualAccount?.issue(calls: 0, flops: BatchNorm.Follower.sum.flops * place.elements)
  }
}

extension BatchNorm {
  /// What backward has after its first pass: everything but the gradient of the input, which is
  /// written item by item, wherever it is wanted. Valid until the norm's next pass.
  struct InputGradient: OutputGradient {
    private let shape: ActivationShape
    private let dy: IncomingGradient
    private let mask: vk_mask
    private let x: UnsafePointer<Float>
    /// `dx = a·g + b·x + c`: of every channel, padding included, `a`, then `b`, then `c`.
    private let coefficients: UnsafePointer<Float>

    /// - Parameter mask: of the first item.
    init(
      _ shape: ActivationShape, dy: IncomingGradient, mask: vk_mask, x: UnsafePointer<Float>,
      coefficients: UnsafePointer<Float>
    ) {
      (self.shape, self.dy, self.mask, self.x) = (shape, dy, mask, x)
      self.coefficients = coefficients
    }

    /// `dx` of some frames of one item, assigned.
    /// - Parameter pastCaches: whether whoever reads it will not find it there.
    func write(
      _ item: Int, frames: Range<Int>, into dx: UnsafeMutablePointer<Float>, pastCaches: Bool
    ) {
      let padded = ChannelBlock.padded(shape.channels)
      let base = coefficients + item % shape.blocks * ChannelBlock.lanes
      let first = frames.lowerBound
      vk_normalize_apply(
        Int32(ChannelBlock.lanes), dx, dy.kernelGradient(shape, item, frame: first),
        mask.of(shape, item, frame: first),
        x + item * shape.blockFloats + first * shape.planeFloats, base, base + padded,
        base + 2 * padded, Int32(frames.count), shape.framePixels, pastCaches)
    }
  }
}

extension IncomingGradient {
  /// What a kernel reads of one item from `frame` on.
  func kernelGradient(_ shape: ActivationShape, _ item: Int, frame: Int = 0) -> vk_incoming {
    let at = item * shape.blockFloats + frame * shape.planeFloats
    let lane = item % shape.blocks * ChannelBlock.lanes
    return vk_incoming(
      first: first.map { $0 + at }, second: second.map { $0 + at },
      means: means.map {
        $0 + (item / shape.blocks) * shape.meanCount + lane * shape.frames + frame
      },
      mean_lanes: Int32(min(ChannelBlock.lanes, shape.channels - lane)),
      mean_stride: Int32(shape.frames))
  }
}

extension vk_mask {
  /// The mask of one item from `frame` on, of that of the first.
  func of(_ shape: ActivationShape, _ item: Int, frame: Int = 0) -> vk_mask {
    let lane = item % shape.blocks * ChannelBlock.lanes
    return vk_mask(
      output: output.map { $0 + item * shape.blockFloats + frame * shape.planeFloats },
      scale: scale.map { $0 + lane }, shift: shift.map { $0 + lane })
  }
}
