// Which clips go into which shard: a function of the list, the options and the videos alone.

import Foundation

/// A list of videos, cut into shards.
package struct PreparationPlan: Sendable {
  /// The clips of a shard: consecutive ones of a split.
  struct Shard: Equatable, Sendable {
    let split: Split
    let clips: Range<Int>
  }

  let dataset: Dataset
  let shards: [Shard]
  /// What the folder says of itself while it is made.
  package let manifest: PreparedManifest

  /// The fingerprint of what `prepare` makes of a list.
  ///
  /// - Parameters:
  ///   - dataset: the list.
  ///   - options: how frames are made.
  package static func fingerprint(_ dataset: Dataset, _ options: PreparationOptions) -> String {
    let version = PreparedManifest.version(isMultiLabel: dataset.isMultiLabel)
    var text = "\(PreparedManifest.formatName) \(version)\n"
    text += options.flags.joined(separator: "\n") + "\n"
    text += list(of: dataset)
    return sha256(text)
  }

  private static func list(of dataset: Dataset) -> String {
    var text = dataset.classes.joined(separator: "\n") + "\n"
    for split in Split.allCases {
      for index in 0..<dataset.count(split) {
        let labels = dataset.labels(split, index).map(String.init).joined(separator: " ")
        var fields = [split.rawValue, labels]
        if dataset.isMultiLabel {
          fields.append(PreparedIndexLine.text(spans(of: dataset, split, index)))
        }
        text += (fields + [dataset.name(split, index)]).joined(separator: "\t") + "\n"
      }
    }
    return text
  }

  /// When each label of a clip holds.
  static func spans(
    of dataset: Dataset, _ split: Split, _ index: Int
  ) -> [PreparedIndexLine.Span] {
    dataset.spans(split, index).map {
      PreparedIndexLine.Span(label: $0.label, seconds: $0.seconds)
    }
  }

  /// Refuses clips that are decoded already.
  ///
  /// - Parameter dataset: the list.
  /// - Throws: `DatasetError`.
  package static func requireEncoded(_ dataset: Dataset) throws {
    for split in Split.allCases {
      let isEncoded = (0..<dataset.count(split)).allSatisfy {
        switch dataset.source(split, $0) {
        case .video, .frames: true
        case .row, .prepared: false
        }
      }
      if isEncoded { continue }
      throw DatasetError(
        path: dataset.path, expected: "a list of videos or folders of frames",
        found: "clips that are decoded already", remedy: "train on it as it is")
    }
  }

  /// What a person should know before it begins, a sentence each.
  ///
  /// - Parameters:
  ///   - dataset: the list.
  ///   - options: how frames are made.
  package static func notes(_ dataset: Dataset, _ options: PreparationOptions) -> [String] {
    guard options.fps > 0 || options.maxSeconds > 0 else { return [] }
    let folders = Split.allCases.reduce(0) { sum, split in
      sum
        + (0..<dataset.count(split)).count {
          if case .frames = dataset.source(split, $0) { true } else { false }
        }
    }
    guard folders > 0 else { return [] }
    return [
      "\(folders) clips are folders of frames, which have no frame rate: --fps and --max-seconds keep "
        + "all of their frames"
    ]
  }

  /// The plan that a folder's manifest holds already.
  ///
  /// - Parameters:
  ///   - dataset: the list.
  ///   - manifest: of the folder.
  package init(_ dataset: Dataset, manifest: PreparedManifest) {
    self.dataset = dataset
    self.manifest = manifest
    shards = PreparationPlan.cut(dataset, manifest.clipsPerShard)
  }

  /// A new plan. Decodes the beginnings of some clips, to know what a clip takes.
  ///
  /// - Parameters:
  ///   - dataset: the list.
  ///   - options: how frames are made.
  ///   - threads: that decode side by side.
  package init(_ dataset: Dataset, _ options: PreparationOptions, threads: Int) {
    let clips = Split.allCases.reduce(0) { $0 + dataset.count($1) }
    let mean = ClipSizeEstimate(dataset, options, threads: threads).meanBytes
    let wanted =
      options.shardMegabytes > 0
      ? options.shardMegabytes * 1e6 : min(1e9, max(64e6, mean * Double(clips) / 16))
    let perShard = max(1, min(Double(clips), (wanted / mean).rounded()))
    self.init(
      dataset,
      manifest: PreparedManifest(
        version: PreparedManifest.version(isMultiLabel: dataset.isMultiLabel),
        fingerprint: PreparationPlan.fingerprint(dataset, options), options: options,
        classes: dataset.classes, clipsPerShard: Int(perShard),
        shards: PreparationPlan.cut(dataset, Int(perShard)).count))
  }

  private static func cut(_ dataset: Dataset, _ clipsPerShard: Int) -> [Shard] {
    Split.allCases.flatMap { split in
      let count = dataset.count(split)
      return stride(from: 0, to: count, by: clipsPerShard).map {
        Shard(split: split, clips: $0..<min(count, $0 + clipsPerShard))
      }
    }
  }

  /// Clips of the list in shard `number`.
  ///
  /// - Parameter number: of the shard.
  package func clipCount(_ number: Int) -> Int { shards[number].clips.count }
}
