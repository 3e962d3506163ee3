// One clip for a loader, replaced by another where it cannot be decoded.

/// What a loader reads from.
struct ClipSource: Sendable {
  let dataset: Dataset
  let split: Split
  let geometry: ClipGeometry
  let view: @Sendable (Int) -> View

  struct Loaded {
    let label: Int
    let bad: BadClip?
  }

  /// Reads clip `index`, or the first of its replacements that decodes, in the view of `index`.
  func load(
    _ index: Int, into clip: UnsafeMutablePointer<Float>, with reader: ClipReader,
    isStopped: () -> Bool
  ) -> Result<Loaded, DatasetError> {
    let view = view(index)
    guard let problem = read(index, view, clip, reader) else {
      return .success(Loaded(label: dataset.label(split, index), bad: nil))
    }
    let others = replacements(for: index, count: dataset.count(split))
    for other in others where !isStopped() {
      guard read(other, view, clip, reader) != nil else {
        let bad = BadClip(
          path: dataset.name(split, index), reason: problem.found, split: split, index: index,
          replacement: other)
        return .success(Loaded(label: dataset.label(split, other), bad: bad))
      }
    }
    return .failure(
      DatasetError(
        path: dataset.path, expected: "\(split.rawValue) clips that decode",
        found: "\(dataset.name(split, index)) and \(others.count) others that do not"
          + " (\(problem.found))", remedy: "check the paths and files of the list"))
  }

  private func read(
    _ index: Int, _ view: View, _ clip: UnsafeMutablePointer<Float>, _ reader: ClipReader
  ) -> DatasetError? {
    do {
      try reader.read(
        dataset, split: split, index: index, view: view, geometry: geometry, into: clip)
      return nil
    } catch {
      return error as? DatasetError
        ?? refusedVideo(dataset.name(split, index), "an unexpected failure: \(error)")
    }
  }
}

/// The clips that stand in for clip `index` of a split of `count`, in the order they are tried.
///
/// From a place drawn from `SplitMix64(seed: index)` on, one after the other and around the end,
/// `index` itself left out; at most a hundred. A pure function: which of them is taken depends
/// only on which are bad, and neighbours in a sorted list do not all fall on the same clip.
func replacements(for index: Int, count: Int) -> [Int] {
  var random = SplitMix64(seed: UInt64(index))
  let first = random.below(count)
  let order = (0..<min(count, 101)).map { (first + $0) % count }
  return Array(order.filter { $0 != index }.prefix(100))
}
