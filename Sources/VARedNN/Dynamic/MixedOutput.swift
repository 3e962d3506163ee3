// The output of a dynamic convolution, made as it is read.

/// The output of a batch, item by item: item `n·blocks + block` is a clip's channel block. Made for
/// one pass over the items, and valid until a layer that shares the scratch memory runs.
struct MixedOutput {
  private let mixings: UnsafePointer<ClipMixing>
  private let shape: ActivationShape
  private let blocks: Int
  /// Where clips are that were convolved in their places.
  private let y: BlockedClips
  /// `scratchFloats` for every thread.
  private let scratch: UnsafeMutablePointer<Float>
  private let scratchFloats: Int
  private let operations: OperationRecord

  /// - Parameter operations: where mixing is recorded.
  init(
    _ mixings: ClipMixings, in y: BlockedClips, scratch: UnsafeMutablePointer<Float>,
    scratchFloats: Int, operations: OperationRecord
  ) {
    self.mixings = UnsafePointer(mixings.clips.baseAddress!)
    (shape, blocks) = (y.shape, y.shape.blocks)
    (self.y, self.scratch, self.scratchFloats) = (y, scratch, scratchFloats)
    self.operations = operations
  }

  /// The items in the order in which they find most of what they are made from in the caches.
  func item(at position: Int) -> Int {
    position / blocks * blocks + mixings[position / blocks].block(at: position % blocks)
  }

  /// An item, run of frames after run of frames, each wherever it is.
  func forEachRun(of item: Int, _ body: (Range<Int>, UnsafePointer<Float>) -> Void) {
    if let whole = whole(item) { return body(0..<shape.frames, whole) }
    operations.record(
      mixings[item / blocks].forEachRun(block: item % blocks, scratch: threadScratch, body))
  }

  /// The same, but what is not there yet is left to the caller to add up (`ClipMixing`).
  func forEachPlane(
    of item: Int, ready: (Range<Int>, UnsafePointer<Float>) -> Void,
    sum: (Int, PlaneTerms, UnsafeMutablePointer<Float>) -> Void
  ) {
    if let whole = whole(item) { return ready(0..<shape.frames, whole) }
    operations.record(
      mixings[item / blocks].forEachPlane(
        block: item % blocks, scratch: threadScratch, ready: ready, sum: sum))
  }

  private var threadScratch: UnsafeMutablePointer<Float> {
    scratch + Parallel.thread * scratchFloats
  }

  /// Where an item is that was computed whole.
  private func whole(_ item: Int) -> UnsafePointer<Float>? {
    guard mixings[item / blocks].isWhole else { return nil }
    return mixings[item / blocks].computed.map { $0 + item % blocks * shape.blockFloats }
      ?? y.item(item)
  }
}
