// `vared-train count`: what every layer of a network has and executes.

import VARedData
import VARedNN
import VARedTraining

/// What `count` counts.
public struct CountSettings: Sendable {
  /// Model, width, network, candidates, frames and size; read unless there is a checkpoint.
  public var network = TrainingConfiguration()
  /// Output classes, as of the network settings.
  public var classes = 400
  /// Checkpoint whose network is counted.
  public var checkpoint: String?
  /// What candidates take (`candidate-seconds.json`, or the folder of a run): which of them the
  /// network has; nil: all, and costs are MACs.
  public var costTable: String?
  /// Label file or HDF5 clips file that the checkpoint's gates decide on; nil: forced policies
  /// only.
  public var data: String?
  /// Folder of the videos that `data` lists; nil: the list's own.
  public var videos: String?
  /// Part of the data.
  public var split = Split.val
  /// What dynamic layers compute, a run for each; empty: full and half.
  public var policies: [PolicyMode] = []
  /// Clips per pass over data, and threads.
  public var resources = Resources()

  /// The defaults.
  public init() {}

  /// - Throws: `ConfigurationError`.
  func validate() throws {
    try resources.validate()
    guard (2...1_000_000).contains(classes) else {
      throw ConfigurationError(key: "classes", "expected 2 to 1000000, found \(classes)")
    }
    guard network.initialize == nil else {
      throw ConfigurationError(
        key: "initialize", "expected none, a count does not depend on it; leave it out")
    }
    guard costTable == nil || (checkpoint == nil && network.network == .dynamic) else {
      throw ConfigurationError(
        key: "cost-table",
        checkpoint == nil
          ? "expected a dynamic network, found a fixed one; leave it out"
          : "expected none beside a checkpoint, whose network has what it was trained with; leave it "
            + "out")
    }
    guard checkpoint == nil || network == TrainingConfiguration() else {
      throw ConfigurationError(
        key: "checkpoint", "expected no flag of the network beside it; the checkpoint has one")
    }
    guard data == nil || checkpoint != nil else {
      throw ConfigurationError(
        key: "data", "expected a checkpoint whose gates decide; give --checkpoint")
    }
    var checked = network
    // No clips are read for training and no run is written.
    (checked.data, checked.output) = ("none", "none")
    try checked.validate()
  }
}

/// Counts by running: every number of a column was recorded by an operation that ran.
public struct OperationCounting {
  private let settings: CountSettings
  private let trained: TrainedNetwork?
  private let network: VideoNetwork
  private let geometry: ClipGeometry
  private let resources: Resources

  /// - Throws: `ConfigurationError` or `NetworkError` for what cannot be built; `FileError` about
  ///   the checkpoint or the table.
  public init(_ settings: CountSettings) throws {
    try Launch.requireOneProcess(for: "count")
    try settings.validate()
    self.settings = settings
    resources = settings.resources.resolved()
    let (batch, threads) = (settings.data == nil ? 1 : resources.batch, resources.threads)
    if let checkpoint = settings.checkpoint {
      let trained = try TrainedNetwork(checkpoint, batch: batch, threads: threads)
      network = trained.network
      self.trained = trained
      geometry = ClipGeometry(trained.header.configuration)
    } else {
      trained = nil
      let seconds = try settings.costTable.map {
        try CandidateMeasurement.table($0, for: settings.network)
      }
      network = try VideoNetwork(
        settings.network.networkConfiguration(classes: settings.classes, seconds: seconds),
        batch: batch, seed: 1, threads: threads)
      geometry = ClipGeometry(settings.network)
    }
    guard settings.policies.isEmpty || network.configuration.dynamic != nil else {
      throw ConfigurationError(
        key: "policy", "expected a dynamic network, found a fixed one; leave it out")
    }
  }

  /// Runs every policy on one clip, and the gates on the data.
  ///
  /// - Throws: `DatasetError`; `TrainingFailure` where a call arrived at an engine that no layer
  ///   recorded.
  public func run() throws -> CountReport {
    var runs: [CountReport.Run] = []
    if network.dynamicLayers.isEmpty {
      runs.append(try run("executed", .gates))
    } else {
      let policies: [PolicyMode] = settings.policies.isEmpty ? [.full, .half] : settings.policies
      for policy in policies {
        runs.append(try run(policy.rawValue, policy.source(keys: [0])))
      }
    }
    if let data = settings.data { runs.append(try run("data", on: data)) }
    return CountReport(network, runs)
  }

  /// One clip; what it shows does not matter where no gate decides.
  private func run(_ name: String, _ policies: PolicySource) throws -> CountReport.Run {
    let shape = network.configuration
    let pixels = (0..<3 * shape.frames * shape.size * shape.size).map { Float($0 % 17) / 8 - 1 }
    network.policies = policies
    network.startCounting()
    let found = try network.infer(pixels)
    return try finish(name, clips: 1, timeRatios: found.timeRatio ?? [], network.scatter)
  }

  /// The centre clip of every video, by the checkpoint's gates or rule; one that cannot be decoded
  /// is replaced by another.
  private func run(_ name: String, on path: String) throws -> CountReport.Run {
    let dataset = try Dataset.open(path, videos: settings.videos, with: settings.split)
    let count = dataset.count(settings.split)
    let loader = dataset.centreClips(
      Array(0..<count), of: settings.split, geometry: geometry, batch: resources.batch,
      threads: resources.dataThreads)
    defer { loader.stop() }
    network.startCounting()
    var timeRatios: [Double] = []
    var scatter = network.scatter?.cleared
    while let batch = try loader.next() {
      guard batch.count > 0 else { continue }
      network.policies = trained?.policies(clips: batch.indices) ?? .gates
      let found = try network.infer(Clips(batch.clips, of: network.configuration.clip))
      timeRatios += found.timeRatio ?? []
      if let pass = network.scatter { scatter?.add(pass) }
    }
    return try finish(name, clips: count, timeRatios: timeRatios, scatter)
  }

  /// - Parameters:
  ///   - timeRatios: of every clip; empty where costs are MACs.
  ///   - scatter: of all of them; nil where costs are MACs.
  private func finish(
    _ name: String, clips: Int, timeRatios: [Double], _ scatter: Scatter?
  ) throws -> CountReport.Run {
    let calls = network.engineCalls
    guard calls.arrived == calls.recorded else {
      throw TrainingFailure(
        description: "\(name): expected every engine call to be accounted for, found "
          + "\(calls.recorded) of \(calls.arrived); this is a defect of the program, report it")
    }
    let seconds = network.configuration.seconds.map {
      let ofClips = timeRatios.reduce(0, +) / Double(max(1, timeRatios.count))
      return $0.fixed * (ofClips + (scatter.map { $0.ratio(of: $0.counts) } ?? 0))
    }
    return CountReport.Run(
      name, network.layerOperations, clips: clips, engineCalls: calls.arrived, seconds: seconds)
  }
}
