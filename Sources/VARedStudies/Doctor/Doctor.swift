// `vared-train doctor`: what a person needs to know before spending an allocation.

import Foundation
import VARedData
import VARedDist
import VARedNN
import VARedTraining

/// Measures a job's machines with the settings of the run that is to come.
public enum Doctor {
  /// Every rank calls this; rank 0 prints. Ends the process when something fails. Nothing is left
  /// behind but the output folder, where one was given.
  ///
  /// - Parameter settings: those of the run; without data nothing is decoded, without output
  ///   nothing is written.
  public static func launch(_ settings: () throws -> TrainingConfiguration) {
    let communicator = Launch.communicator()
    let configuration = communicator.together(status: ExitStatus.of) {
      let configuration = try settings()
      var complete = configuration
      if complete.data.isEmpty { complete.data = "-" }
      if complete.output.isEmpty { complete.output = "-" }
      try complete.validate()
      return configuration
    }
    communicator.endingJobOnFailure(status: ExitStatus.of) {
      try examine(configuration, communicator)
    }
    communicator.finalize()
  }

  private static func examine(
    _ configuration: TrainingConfiguration, _ communicator: Communicator
  ) throws {
    let resources = configuration.resources.resolved(share: try communicator.threadShare())
    let (dataset, network) = communicator.together(status: ExitStatus.of) {
      let dataset =
        configuration.data.isEmpty
        ? nil : try Dataset.open(configuration.data, videos: configuration.videos)
      let network = try VideoNetwork(
        configuration.networkConfiguration(classes: dataset?.classes.count ?? 400),
        batch: configuration.batch, seed: 1, threads: resources.threads)
      try network.requireTrainable(clipsPerStatistic: configuration.batch)
      return (dataset, network)
    }
    var facts = RankFacts.here(communicator, threads: resources.threads)
    try communicator.barrier()
    facts.computeSeconds = try stepSeconds(network, configuration)
    facts.peakBytes = RankFacts.peakBytes
    if let dataset, dataset.count(.train) > 0 {
      try communicator.barrier()
      let loading = communicator.together(status: ExitStatus.of) {
        try LoadingMeasurement(dataset, .train, ClipGeometry(configuration), count: 16)
      }
      facts.decodeSeconds = loading.coreSecondsPerClip
    }
    let sums = communicator.size > 1 ? try NetworkMeasurement(communicator) : nil
    let told = try communicator.gather(Array(JSONEncoder().encode(facts)))
    let folder = communicator.together(status: ExitStatus.of) {
      communicator.rank == 0 && !configuration.output.isEmpty
        ? try FolderMeasurement(
          configuration.output, checkpointBytes: 8 * Double(network.parameters.count)) : nil
    }
    guard let told else { return }
    let all = try told.map { try JSONDecoder().decode(RankFacts.self, from: Data($0)) }
    let report = DoctorReport(
      configuration: configuration, ranks: all, sums: sums, folder: folder,
      parameters: network.parameters.count, sumsPerStep: network.parameters.buffers.count,
      clips: dataset?.count(.train))
    Terminal.write(report.text)
  }

  /// The median of some training steps of random clips, all ranks at once, each by itself.
  private static func stepSeconds(
    _ network: VideoNetwork, _ configuration: TrainingConfiguration
  ) throws -> Double {
    let classes = network.configuration.classes
    let labels = (0..<configuration.batch).map { $0 % classes }
    let floats = 3 * configuration.frames * configuration.size * configuration.size
    var draw = SplitMix64(mixing: 1, 2)
    let clips = (0..<configuration.batch * floats).map { _ in
      Float(draw.next() >> 40) * 0x1p-22 - 2
    }
    let optimizer = SGD(network.parameters, gateRate: 1)
    var seconds: [Double] = []
    let begin = ContinuousClock.now
    while seconds.count < 6, seconds.count < 2 || begin.duration(to: .now) < .seconds(15) {
      let start = ContinuousClock.now
      _ = try network.trainingStep(clips, targets: .classes(labels), costWeight: 0.8) { _ in }
      optimizer.step(learningRate: 0, gradientScale: 1)
      seconds.append(start.duration(to: .now) / .seconds(1))
    }
    let warm = seconds.dropFirst().sorted()
    return warm[warm.count / 2]
  }
}
