// One clip for a loader, replaced by another where it cannot be decoded.

/// What a loader reads from.
struct ClipSource: Sendable {
  let dataset: Dataset
  let split: Split
  let geometry: ClipGeometry
  let view: @Sendable (Int) -> View

  struct Loaded {
    let label: Int
    var bad: BadClip?
    var note: ClipNote?
  }

  /// Reads clip `index`, or the first of its replacements that decodes, in the view of `index`.
  func load(
    _ index: Int, into clip: UnsafeMutablePointer<Float>, with reader: ClipReader,
    isStopped: () -> Bool
  ) -> Result<Loaded, DatasetError> {
    let view = view(index)
    let problem: DatasetError
    switch read(index, view, clip, reader) {
    case .success(let loaded): return .success(loaded)
    case .failure(let error): problem = error
    }
    let others = replacements(for: index, count: dataset.count(split))
    for other in others where !isStopped() {
      guard case .success(var loaded) = read(other, view, clip, reader) else { continue }
      loaded.bad = BadClip(
        path: dataset.name(split, index), reason: problem.found, split: split, index: index,
        replacement: other)
      return .success(loaded)
    }
    return .failure(
      DatasetError(
        path: dataset.path, expected: "\(split.rawValue) clips that decode",
        found: "\(dataset.name(split, index)) and \(others.count) others that do not"
          + " (\(problem.found))", remedy: "check the paths and files of the list"))
  }

  private func read(
    _ index: Int, _ view: View, _ clip: UnsafeMutablePointer<Float>, _ reader: ClipReader
  ) -> Result<Loaded, DatasetError> {
    do {
      let note = try reader.read(
        dataset, split: split, index: index, view: view, geometry: geometry, into: clip)
      let name = dataset.name(split, index)
      return .success(
        Loaded(
          label: dataset.label(split, index), note: note.map { ClipNote(path: name, text: $0) }))
    } catch {
      return .failure(
        error as? DatasetError
          ?? refusedVideo(dataset.name(split, index), "an unexpected failure: \(error)"))
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
