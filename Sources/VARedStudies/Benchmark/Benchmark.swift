// `vared-train bench`: times training steps and inference of one network.

import Foundation
import VARedNN
import VARedTraining

/// One benchmark: a network, how it is driven, and how often.
public struct Benchmark {
  private let network: VideoNetwork
  private let clips: [Float]
  private let labels: [Int]
  private let policies: [PolicyMode]
  /// Of random candidates.
  private let tilt: Double
  private let iterations: Int
  private let threads: Int
  private let loading: LoadingMeasurement?

  /// - Throws: `ConfigurationError` or `NetworkError` for what cannot be built; `FileError`,
  ///   `DatasetError` for what cannot be read.
  public init(_ settings: BenchmarkSettings) throws {
    try settings.validate()
    let subject = try BenchmarkSubject(settings)
    (network, clips, threads) = (subject.network, subject.clips, subject.threads)
    loading = subject.loading
    guard settings.policies.allSatisfy({ $0 == .gates }) || !network.dynamicLayers.isEmpty else {
      throw ConfigurationError(
        key: "policy",
        "expected a dynamic network, found a fixed one; leave it out or take --network dynamic")
    }
    let classes = network.configuration.classes
    labels = (0..<settings.resources.batch).map { $0 % classes }
    policies = settings.policies.isEmpty ? [.gates] : settings.policies
    iterations = settings.iterations
    let target = settings.targetRatio
    tilt =
      target > 0 ? try PolicyPlan.tilt(for: target, subject.network, key: "target-ratio") : 0
  }

  /// Runs both and reports on each policy.
  ///
  /// - Throws: `NetworkError`.
  public func run() throws -> [BenchmarkReport] {
    let sgemm = SgemmRate.measure(threads: threads)
    network.startCounting()
    // First, while the running statistics are the checkpoint's: a training step moves them.
    let inference = try time(policies) { _ in
      _ = try network.infer(clips)
    }
    let optimizer = SGD(network.parameters, gateRate: 1)
    let train = try time(policies.filter(canTrain)) { timing in
      _ = try network.trainingStep(clips, targets: .classes(labels), costWeight: 0.8) { _ in }
      // A learning rate of zero: every step then has the same work, whatever the clips.
      let start = ContinuousClock.now
      optimizer.step(learningRate: 0, gradientScale: 1)
      timing.optimizer.append(start.secondsToNow)
    }
    return policies.compactMap { policy in
      guard let inference = inference[policy] else { return nil }
      return BenchmarkReport(
        policy: policy, threads: threads, sgemmGFLOPS: sgemm,
        train: train[policy].map { BenchmarkReport.Phase($0, batch: labels.count) },
        inference: BenchmarkReport.Phase(inference, batch: labels.count), loading: loading,
        layers: (train[policy] ?? inference).work.layers.map {
          BenchmarkReport.Layer($0, sgemmGFLOPS: sgemm)
        })
    }
  }

  /// Whether so many clips have a variance wherever this policy wants one.
  private func canTrain(_ policy: PolicyMode) -> Bool {
    network.policies = source(policy)
    return (try? network.requireTrainable(clipsPerStatistic: labels.count)) != nil
  }

  private func source(_ policy: PolicyMode) -> PolicySource {
    policy.source(keys: labels.indices.map(UInt64.init), tilt: tilt)
  }

  /// What the timed steps of one policy took.
  struct Timing {
    /// Seconds of each.
    var steps: [Double] = []
    /// Of them, seconds of the optimizer.
    var optimizer: [Double] = []
    /// Where the others went.
    var work = WorkTotals()
    /// Multiply-accumulates of their forward passes, as recorded.
    var macs = 0
  }

  /// The steps of some policies, in turn: a machine that changes its speed changes it for all of
  /// them.
  private func time(
    _ policies: [PolicyMode], _ step: (inout Timing) throws -> Void
  ) throws -> [PolicyMode: Timing] {
    var timings: [PolicyMode: Timing] = [:]
    for round in 0...iterations {
      for policy in policies {
        network.policies = source(policy)
        network.startProfile()
        let macs = network.recordedMACs
        var timing = timings[policy] ?? Timing()
        let start = ContinuousClock.now
        try step(&timing)
        timing.steps.append(start.secondsToNow)
        timing.work += network.profile
        timing.macs += network.recordedMACs - macs
        // The first is not timed.
        if round > 0 { timings[policy] = timing }
      }
    }
    return timings
  }
}

extension ContinuousClock.Instant {
  fileprivate var secondsToNow: Double { (ContinuousClock.now - self) / .seconds(1) }
}
