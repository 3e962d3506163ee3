// A batch of clips in memory, with its shape.

/// Clips as they come from a loader and enter a network: `[n, C, T, H, W]`, row-major, normalized.
///
/// A view: the memory is the caller's, and stays valid and unchanged while the clips are used.
public struct Clips: BitwiseCopyable {
  let base: UnsafePointer<Float>
  /// One clip.
  public let shape: ActivationShape
  /// `n`.
  public let count: Int

  /// The clips that `values` holds.
  ///
  /// - Precondition: `values` holds a whole number of clips of `shape`, one at least.
  public init(_ values: UnsafeBufferPointer<Float>, of shape: ActivationShape) {
    let floats = shape.channels * shape.pixels
    guard let base = values.baseAddress, values.count >= floats, values.count % floats == 0 else {
      preconditionFailure(
        "\(values.count) values are no clips of \(shape.channels)x\(shape.frames)x\(shape.height)x"
          + "\(shape.width)")
    }
    self.base = base
    self.shape = shape
    count = values.count / floats
  }

  /// The clips that `values` holds; as of the other initializer.
  public init(_ values: UnsafeMutableBufferPointer<Float>, of shape: ActivationShape) {
    self.init(UnsafeBufferPointer(values), of: shape)
  }
}

/// Clips between layers, in the channel-blocked layout `[n, C/lanes, T, H, W, lanes]`. An *item* is
/// a clip's channel block: item `clip·blocks + block`.
struct BlockedClips: BitwiseCopyable {
  let base: UnsafePointer<Float>
  /// One clip.
  let shape: ActivationShape
  /// `n`.
  let count: Int

  init(_ base: UnsafePointer<Float>, _ shape: ActivationShape, count: Int) {
    (self.base, self.shape, self.count) = (base, shape, count)
  }

  /// Where clip `i` begins.
  func clip(_ i: Int) -> UnsafePointer<Float> {
    assert((0..<count).contains(i), "clip \(i) of \(count)")
    return base + i * shape.clipFloats
  }

  /// Where an item begins, or frame `frame` of it.
  func item(_ i: Int, frame: Int = 0) -> UnsafePointer<Float> {
    assert((0..<count * shape.blocks).contains(i), "item \(i) of \(count) clips")
    return base + i * shape.blockFloats + frame * shape.planeFloats
  }

  /// `n` clips from clip `first` on.
  func clips(from first: Int, _ n: Int) -> BlockedClips {
    assert(first >= 0 && first + n <= count, "clips \(first)..<\(first + n) of \(count)")
    return BlockedClips(base + first * shape.clipFloats, shape, count: n)
  }
}

/// As `BlockedClips`, to be written.
struct MutableBlockedClips: BitwiseCopyable {
  let base: UnsafeMutablePointer<Float>
  /// One clip.
  let shape: ActivationShape
  /// `n`.
  let count: Int

  init(_ base: UnsafeMutablePointer<Float>, _ shape: ActivationShape, count: Int) {
    (self.base, self.shape, self.count) = (base, shape, count)
  }

  /// Where clip `i` begins.
  func clip(_ i: Int) -> UnsafeMutablePointer<Float> {
    assert((0..<count).contains(i), "clip \(i) of \(count)")
    return base + i * shape.clipFloats
  }

  /// Where an item begins, or frame `frame` of it.
  func item(_ i: Int, frame: Int = 0) -> UnsafeMutablePointer<Float> {
    assert((0..<count * shape.blocks).contains(i), "item \(i) of \(count) clips")
    return base + i * shape.blockFloats + frame * shape.planeFloats
  }

  /// `n` clips from clip `first` on.
  func clips(from first: Int, _ n: Int) -> MutableBlockedClips {
    assert(first >= 0 && first + n <= count, "clips \(first)..<\(first + n) of \(count)")
    return MutableBlockedClips(base + first * shape.clipFloats, shape, count: n)
  }

  /// The same clips, to be read.
  var reading: BlockedClips { BlockedClips(base, shape, count: count) }
}

extension FloatBuffer {
  /// `n` clips of `shape` in this memory.
  func clips(_ shape: ActivationShape, _ n: Int) -> MutableBlockedClips {
    assert(n * shape.clipFloats <= count, "\(n) clips in memory of \(count) floats")
    return MutableBlockedClips(base, shape, count: n)
  }
}

extension Scratch {
  /// Room for `n` clips of `shape`, of undefined content, valid until the next, larger request.
  func clips(_ shape: ActivationShape, _ n: Int) -> MutableBlockedClips {
    MutableBlockedClips(floats(n * shape.clipFloats), shape, count: n)
  }
}
