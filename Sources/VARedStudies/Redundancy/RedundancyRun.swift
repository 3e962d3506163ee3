// `vared-train redundancy`: how redundant the features of a checkpoint's convolutions are.

import Foundation
import VARedData
import VARedNN
import VARedTraining

/// Measures the redundancy of a checkpoint's features on clips of a dataset.
public struct RedundancyRun: Sendable {
  /// Checkpoint, or the folder of a run.
  public var checkpoint = ""
  /// Label file or HDF5 clips file.
  public var data = ""
  /// Folder of the videos that `data` lists; nil: the list's own.
  public var videos: String?
  /// Part of the data.
  public var split = Split.val
  /// Clips that are measured at most, spread evenly over the split.
  public var clips = 100
  /// |r| above which two channels count as alike, 0 to 1.
  public var threshold = 0.8
  /// Clips per pass, and threads.
  public var resources = Resources()
  /// CSV file to write, a line per layer; nil: none.
  public var csv: String?
  /// SVG file to draw; nil: none.
  public var svg: String?

  /// The defaults.
  public init() {}

  /// Runs the clips' centre windows through the network, everything computed whatever gates say,
  /// and measures the output of every convolution of the residual blocks before its batch norm;
  /// then writes the files that are asked for. Clips that cannot be decoded are named and left out.
  ///
  /// - Throws: `ConfigurationError`, `FileError`, `DatasetError`.
  public func run() throws -> RedundancyReport {
    try Launch.requireOneProcess(for: "redundancy")
    try validate()
    let outputs = [("csv", csv), ("svg", svg)]
    try OutputFiles.requireWritable(outputs, beside: Checkpoint.files(checkpoint) + [data])
    let dataset = try Dataset.open(data, videos: videos, with: split)
    try OutputFiles.requireUnread(outputs, by: dataset)
    let resources = resources.resolved()
    let trained = try TrainedNetwork(
      checkpoint, batch: resources.batch, threads: resources.threads)
    let loader = dataset.centreClips(
      Self.spread(clips, of: dataset.count(split)), of: split,
      geometry: ClipGeometry(trained.header.configuration), batch: resources.batch,
      threads: resources.dataThreads)
    defer { loader.stop() }
    var shown = PassProgress("clips", total: min(clips, dataset.count(split)))
    let (layers, bad) = try Self.measure(trained.network, loader) { shown.show(done: $0) }
    shown.end()
    for clip in bad { Terminal.warn("warning: \(clip.path): \(clip.reason)") }
    let measured = min(clips, dataset.count(split)) - bad.count
    guard measured > 0 else {
      throw DatasetError(
        path: data, expected: "clips that decode",
        found: "\(bad.count) of \(bad.count) that do not",
        remedy: "mend them, or raise --clips")
    }
    let report = RedundancyReport(
      self, step: trained.header.position.step, clips: measured, badClips: bad.count,
      layers: layers.map { $0.result(threshold: threshold) })
    if let csv { try AtomicFile.writeOutput(csv, text: report.csv) }
    if let svg { try AtomicFile.writeOutput(svg, text: report.figure.svg) }
    return report
  }

  private func validate() throws {
    func require(_ isRight: Bool, _ key: String, _ expected: String) throws {
      if !isRight { throw ConfigurationError(key: key, "expected \(expected)") }
    }
    try require((1...1_000_000).contains(clips), "clips", "1 to 1000000, found \(clips)")
    try require(
      threshold >= 0 && threshold < 1, "threshold", "0 or more and below 1, found \(threshold)")
    try resources.validate()
  }

  /// Indices of `wanted` of `count` clips, evenly spaced: lists are often sorted by class.
  static func spread(_ wanted: Int, of count: Int) -> [Int] {
    let taken = min(wanted, count)
    return (0..<taken).map { $0 * count / taken }
  }

  /// Runs the loader's clips through `network`, whose policies are full computation from now on.
  ///
  /// - Parameters:
  ///   - network: that they are run through.
  ///   - loader: of the clips.
  ///   - progress: told after every pass how many clips are done.
  /// - Returns: a collector for each convolution, in the order of the forward pass, and the clips
  ///   that could not be decoded, which are in no collector.
  /// - Throws: `DatasetError` as the loader.
  static func measure(
    _ network: VideoNetwork, _ loader: ClipLoader, progress: (Int) -> Void = { _ in }
  ) throws -> (layers: [LayerCollector], bad: [BadClip]) {
    network.policies = .full
    defer { network.observeFeatures = nil }
    var (layers, bad): ([LayerCollector], [BadClip]) = ([], [])
    var done = 0
    while let batch = try loader.next() {
      guard batch.count > 0 else { continue }
      let refused = Set(batch.bad.map(\.index))
      var place = 0
      network.observeFeatures = { layer in
        if place == layers.count { layers.append(LayerCollector(layer)) }
        for clip in 0..<layer.clips where !refused.contains(batch.indices[clip]) {
          layers[place].add(layer, clip: clip)
        }
        place += 1
      }
      _ = try network.infer(Clips(batch.clips, of: network.configuration.clip))
      bad += batch.bad
      done += batch.count
      progress(done)
    }
    return (layers, bad)
  }
}
