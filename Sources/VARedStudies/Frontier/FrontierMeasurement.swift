// What the networks of a frontier reach, measured in turn.

import VARedData
import VARedDist
import VARedTraining

/// One network's place in the picture.
struct FrontierPoint: Equatable, Sendable {
  let run: FrontierRun
  let top1: Double
  let top5: Double
  let convRatio: Double
  let convRatioDeviation: Double
  /// What the network's table expects; nil where costs are MACs.
  let timeRatio: Double?
  let executedGMACs: Double
  /// Median over the rounds, per view and rank.
  let secondsPerClip: Double
}

/// Evaluates the newest checkpoint of every run on the validation split.
struct FrontierMeasurement {
  private let settings: FrontierSettings
  private let setup: TrainingSetup
  private var communicator: Communicator { setup.communicator }

  /// - Parameter setup: of any of the runs: they share data, clips and batch.
  init(_ settings: FrontierSettings, _ setup: TrainingSetup) {
    (self.settings, self.setup) = (settings, setup)
  }

  /// Evaluates all runs `timingRounds` times, A B C A B C …, so that what else the machine does
  /// meets all of them. Collective.
  ///
  /// - Returns: a point for each run, complete on rank 0; nil if a signal came.
  func measure(_ runs: [FrontierRun]) throws -> [FrontierPoint]? {
    var rounds: [[EvaluationResult]] = runs.map { _ in [] }
    for _ in 0..<settings.timingRounds {
      for (i, run) in runs.enumerated() {
        guard let result = try evaluate(run) else { return nil }
        rounds[i].append(result)
      }
    }
    return zip(runs, rounds).map { run, results in
      let seconds = results.map(\.secondsPerClip).sorted()
      let result = results[0]
      return FrontierPoint(
        run: run, top1: result.top1, top5: result.top5,
        convRatio: result.convRatio, convRatioDeviation: result.convRatioDeviation,
        timeRatio: result.timeRatio, executedGMACs: result.executedGMACs,
        secondsPerClip: seconds[seconds.count / 2])
    }
  }

  private func evaluate(_ run: FrontierRun) throws -> EvaluationResult? {
    let trained = communicator.together(status: ExitStatus.of) {
      try TrainedNetwork(
        settings.configuration(of: run).output, batch: setup.configuration.batch,
        threads: setup.threads)
    }
    let evaluator = setup.evaluator()
    func pass() throws -> EvaluationResult? {
      var shown = evaluator.passProgress(run.name, on: .output)
      defer { shown?.end() }
      return try evaluator.run(
        trained.network, policies: trained.policies,
        isInterrupted: { try !communicator.signalsOnAnyRank().isEmpty },
        progress: { done in shown?.show(done: done) })?.result
    }
    // The first pass sets the convolutions up, for every part of them that some policy takes.
    guard try pass() != nil else { return nil }
    return try pass()
  }
}
