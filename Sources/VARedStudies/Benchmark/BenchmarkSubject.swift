// The network of a benchmark and the clips it is timed on.

import VARedData
import VARedNN
import VARedTraining

/// A network, fresh or trained, and a batch of clips for it.
struct BenchmarkSubject {
  let network: VideoNetwork
  /// `[batch, 3, T, H, W]`, normalized.
  let clips: [Float]
  let threads: Int
  /// Nil where it was not asked for.
  let loading: LoadingMeasurement?

  /// - Throws: `ConfigurationError` or `NetworkError` for what cannot be built; `FileError`,
  ///   `DatasetError` for what cannot be read.
  init(_ settings: BenchmarkSettings) throws {
    threads = settings.resources.resolved().threads
    let batch = settings.resources.batch
    let configuration: TrainingConfiguration
    if let checkpoint = settings.checkpoint {
      let trained = try TrainedNetwork(checkpoint, batch: batch, threads: threads)
      (network, configuration) = (trained.network, trained.header.configuration)
      try Self.requireAgreement(settings, configuration)
    } else {
      configuration = try settings.configuration(else: TrainingConfiguration())
      network = try VideoNetwork(
        configuration.networkConfiguration(classes: 400), batch: batch, seed: 1,
        threads: threads)
    }
    let geometry = ClipGeometry(configuration)
    loading = try Self.loading(settings, geometry)
    clips =
      try settings.data.map { try Self.clips(of: $0, settings, geometry) }
      ?? Self.randomClips(batch, configuration)
  }

  private static func requireAgreement(
    _ settings: BenchmarkSettings, _ trained: TrainingConfiguration
  ) throws {
    var trained = trained
    trained.initialize = nil
    let said = try settings.configuration(else: trained)
    guard let (key, there, here) = trained.differences(from: said).first else { return }
    throw ConfigurationError(
      key: key, "expected the checkpoint's \(there), found \(here); leave it out")
  }

  private static func loading(
    _ settings: BenchmarkSettings, _ geometry: ClipGeometry
  ) throws -> LoadingMeasurement? {
    guard let path = settings.data, settings.loading > 0 else { return nil }
    let split = settings.split ?? .val
    return try LoadingMeasurement(
      Dataset.open(path, videos: settings.videos, with: split), split, geometry,
      count: settings.loading)
  }

  private static func randomClips(_ count: Int, _ shape: TrainingConfiguration) -> [Float] {
    var random = SystemRandomNumberGenerator()
    let values = count * 3 * shape.frames * shape.size * shape.size
    return (0..<values).map { _ in Float.random(in: -2...2, using: &random) }
  }

  /// The centre clips of videos spread evenly over the split; one that cannot be decoded is
  /// replaced by another.
  private static func clips(
    of path: String, _ settings: BenchmarkSettings, _ geometry: ClipGeometry
  ) throws -> [Float] {
    let split = settings.split ?? .val
    let dataset = try Dataset.open(path, videos: settings.videos, with: split)
    let (batch, count) = (settings.resources.batch, dataset.count(split))
    guard count >= batch else {
      throw ConfigurationError(
        key: "batch",
        "expected at most the \(count) clips of \(split.rawValue) in \(path), found "
          + "\(batch)")
    }
    let loader = dataset.centreClips(
      RedundancyRun.spread(batch, of: count), of: split, geometry: geometry,
      batch: batch, threads: 1)
    defer { loader.stop() }
    return try loader.next().map { Array($0.clips) } ?? []
  }
}
