// Clips of a split for a caller that runs a trained network over them.

import VARedData
import VARedNN

extension Dataset {
  /// Opens a dataset of which `split` is needed.
  ///
  /// - Throws: `DatasetError`, also where the split has no clip; `remedy` says what to do then.
  package static func open(
    _ path: String, videos: String?, with split: Split, remedy: String = "give another --split"
  ) throws -> Dataset {
    let dataset = try Dataset.open(path, videos: videos)
    guard dataset.count(split) > 0 else {
      throw DatasetError(
        path: path, expected: "clips of the split \(split.rawValue)", found: "none", remedy: remedy)
    }
    return dataset
  }

  /// A loader of the centre clips of these videos of `split`, `batch` at a time.
  package func centreClips(
    _ indices: [Int], of split: Split, geometry: ClipGeometry, batch: Int, threads: Int
  ) -> ClipLoader {
    let batches = stride(from: 0, to: indices.count, by: batch).map {
      Array(indices[$0..<min($0 + batch, indices.count)])
    }
    return ClipLoader(
      dataset: self, split: split, geometry: geometry, batches: batches, view: { _ in .center },
      threads: threads, ahead: 2)
  }
}
