// What a loader delivers: clips with their labels, and the clips that could not be read.

/// Clips of one rank and step, `[n, 3, T, H, W]`, with what belongs to them. Owns its memory.
public final class ClipBatch: @unchecked Sendable {  // filled by the loader, then handed over
  /// The clips, normalized floats; empty for an empty batch.
  public var clips: UnsafeMutableBufferPointer<Float> { memory.floats }
  /// Where the clips are; another while the loader fills it, where a thread is given up.
  var memory: ClipMemory
  /// The label of each clip, the first of several; of the replacement where a clip was bad.
  public internal(set) var labels: [Int]
  /// What each clip is to be classified as, `[n, classes]`, where its label does not say all: in a
  /// set with several labels a clip, 1 for each that holds; with `LabelMixing` a distribution, in
  /// which the clip's own label has the largest part. Empty otherwise.
  public internal(set) var targets: [Float]
  /// The index in its split that each place of the batch was asked for.
  public let indices: [Int]
  /// The clips of this batch that could not be decoded, in the order of `indices`.
  public internal(set) var bad: [BadClip] = []
  /// What whoever trains on the clips of this batch should know of them, in the order of `indices`.
  public internal(set) var notes: [ClipNote] = []

  /// Clips of the batch, n.
  public var count: Int { indices.count }

  /// - Parameters:
  ///   - clipFloats: floats of a clip.
  ///   - classes: values of a clip's targets; 0: there are none.
  init(indices: [Int], clipFloats: Int, classes: Int) {
    self.indices = indices
    targets = [Float](repeating: 0, count: indices.count * classes)
    labels = [Int](repeating: 0, count: indices.count)
    memory = ClipMemory(floats: indices.count * clipFloats)
  }
}

/// Room for the clips of a batch, freed when neither the batch nor a thread that writes has it.
final class ClipMemory: @unchecked Sendable {  // each place is written by one thread
  let floats: UnsafeMutableBufferPointer<Float>

  init(floats count: Int) {
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
    floats = UnsafeMutableBufferPointer(
      start: raw.bindMemory(to: Float.self, capacity: count), count: count)
  }

  deinit {
    floats.baseAddress?.deallocate()
  }

  /// Takes over the floats `range` of `other`.
  func copy(_ range: Range<Int>, of other: ClipMemory) {
    guard let own = floats.baseAddress, let source = other.floats.baseAddress else { return }
    (own + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
  }
}

/// A clip that could not be decoded, and the one that took its place.
public struct BadClip: Sendable, Equatable {
  /// The clip as the label file names it.
  public let path: String
  /// Why it was refused, one line.
  public let reason: String
  /// The split of both clips.
  public let split: Split
  /// The index of the bad clip in its split.
  public let index: Int
  /// The index of the clip that was read in its place.
  public let replacement: Int
}

/// Something odd about a clip that was read all the same.
public struct ClipNote: Sendable, Equatable {
  /// The clip as the label file names it.
  public let path: String
  /// What is odd, and what was done, one line.
  public let text: String
}
