// One clip for a loader, replaced by another where it cannot be decoded.

/// Writes the clip of this index in a view, as `ClipReader.read`: what a thread of a loader reads
/// its clips with.
typealias ReadClip = (Int, View, UnsafeMutablePointer<Float>) throws -> ClipReader.Shown

/// What a loader reads from.
struct ClipSource: Sendable {
  let dataset: Dataset
  let split: Split
  let geometry: ClipGeometry
  let view: @Sendable (Int) -> View
  let mixing: LabelMixing

  struct Loaded {
    let label: Int
    /// `[targetClasses]`.
    let targets: [Float]
    let bad: BadClip?
    let note: ClipNote?
  }

  /// Values of a clip's targets; 0 where its label says all.
  var targetClasses: Int { dataset.isMultiLabel || mixing.isActive ? dataset.classes.count : 0 }

  /// Reads clip `index`, or the first of its replacements that decodes, in the view of `index`.
  func load(
    _ index: Int, into clip: UnsafeMutablePointer<Float>, with readClip: ReadClip,
    isStopped: () -> Bool
  ) -> Result<Loaded, DatasetError> {
    let view = view(index)
    let problem: DatasetError
    switch read(index, view, clip, readClip) {
    case .success(let shown):
      return .success(loaded(index, view, shown: shown, clip, readClip))
    case .failure(let error): problem = error
    }
    let others = replacements(for: index, count: dataset.count(split))
    guard !others.isEmpty else {
      return .failure(refusedVideo(dataset.name(split, index), problem.found))
    }
    for other in others where !isStopped() {
      if case .success(let shown) = read(other, view, clip, readClip) {
        let bad = BadClip(
          path: dataset.name(split, index), reason: problem.found, split: split, index: index,
          replacement: other)
        return .success(loaded(other, view, shown: shown, clip, readClip, bad: bad))
      }
    }
    return .failure(
      DatasetError(
        path: dataset.path, expected: "\(split.rawValue) clips that decode",
        found: "\(dataset.name(split, index)) and \(others.count) others that do not"
          + " (\(problem.found))", remedy: "check the paths and files of the list"))
  }

  /// - Parameters:
  ///   - shown: what the clip shows of its video.
  ///   - clip: what was read, to be mixed.
  private func loaded(
    _ index: Int, _ view: View, shown: ClipReader.Shown, _ clip: UnsafeMutablePointer<Float>,
    _ readClip: ReadClip, bad: BadClip? = nil
  ) -> Loaded {
    var targets: [Float] = []
    if mixing.isActive {
      targets = mixed(index, view, clip, readClip)
    } else if dataset.isMultiLabel {
      targets = [Float](repeating: 0, count: targetClasses)
      var labels = dataset.labels(split, index)
      if case .train = view, let seconds = shown.seconds {
        labels = dataset.labels(split, index, during: seconds)
      }
      for label in labels { targets[label] = 1 }
    }
    let note = shown.note.map { ClipNote(path: dataset.name(split, index), text: $0) }
    return Loaded(label: dataset.label(split, index), targets: targets, bad: bad, note: note)
  }

  /// Mixes a training clip with its partner and returns its targets. Where the partner does not
  /// decode, the clip stays by itself.
  private func mixed(
    _ index: Int, _ view: View, _ clip: UnsafeMutablePointer<Float>, _ readClip: ReadClip
  ) -> [Float] {
    let label = dataset.label(split, index)
    func targets(_ share: Double, _ other: Int) -> [Float] {
      mixing.targets(label: label, share: share, other: other, classes: targetClasses)
    }
    guard case .train(let seed, let augmentation) = view,
      let mix = mixing.draw(seed: seed, count: dataset.count(split), size: geometry.size)
    else { return targets(1, label) }
    var other = [Float](repeating: 0, count: geometry.floatCount)
    let outcome = other.withUnsafeMutableBufferPointer {
      read(mix.partner, .train(seed: mix.seed, augment: augmentation), $0.baseAddress!, readClip)
    }
    guard case .success = outcome else { return targets(1, label) }
    mix.apply(to: clip, other, geometry)
    return targets(mix.share, dataset.label(split, mix.partner))
  }

  private func read(
    _ index: Int, _ view: View, _ clip: UnsafeMutablePointer<Float>, _ readClip: ReadClip
  ) -> Result<ClipReader.Shown, DatasetError> {
    do {
      return .success(try readClip(index, view, clip))
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
