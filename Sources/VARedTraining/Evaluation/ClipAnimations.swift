// Clips of a split as short animated pictures, as the network saw them.

import Foundation
import VARedData

/// Reads clips and encodes their frames.
package struct ClipAnimations {
  private let dataset: Dataset
  private let split: Split
  /// The extent of an animation.
  package let geometry: ClipGeometry
  private let form: EncodedAnimation.Form?

  /// Pixels of a side at most.
  private static let mostPixels = 96
  /// Pictures of an animation at most.
  private static let mostFrames = 8

  /// - Parameters:
  ///   - dataset: where the clips are.
  ///   - split: the part of it.
  ///   - configuration: of the network that saw them.
  ///   - form: of the pictures; nil: the smallest that this FFmpeg encodes.
  package init(
    of dataset: Dataset, _ split: Split, _ configuration: TrainingConfiguration,
    form: EncodedAnimation.Form? = nil
  ) {
    (self.dataset, self.split, self.form) = (dataset, split, form)
    geometry = Self.geometry(configuration)
  }

  /// The frames of the network's clips, at most `mostFrames` of them.
  private static func geometry(_ configuration: TrainingConfiguration) -> ClipGeometry {
    let skip = max(1, (configuration.frames + mostFrames - 1) / mostFrames)
    return ClipGeometry(
      frames: min(mostFrames, (configuration.frames + skip - 1) / skip),
      frameStride: configuration.frameStride * skip, size: min(mostPixels, configuration.size))
  }

  /// Encodes clips, one after the other; those that cannot be decoded are left out.
  ///
  /// - Parameters:
  ///   - indices: their places in the split.
  ///   - take: takes a clip's place and picture; false ends it.
  /// - Throws: `DatasetError`, and what `take` throws.
  package func forEach(
    _ indices: [Int], _ take: (Int, EncodedAnimation) throws -> Bool
  ) throws {
    let threads = max(1, min(4, ProcessInfo.processInfo.activeProcessorCount))
    let loader = dataset.centreClips(
      indices, of: split, geometry: geometry, batch: 1, threads: threads)
    defer { loader.stop() }
    while let batch = try loader.next() {
      guard batch.count == 1, batch.bad.isEmpty else { continue }
      let animation = try EncodedAnimation(
        batch.pictures(clip: 0, geometry), width: geometry.size, height: geometry.size,
        framesPerSecond: 6, form: form)
      guard try take(batch.indices[0], animation) else { return }
    }
  }
}
