// Where the policies of every pass of a run come from (METHOD §4).

import VARedData
import VARedNN

/// The policies of training and of evaluation, stage by stage.
package struct PolicyPlan {
  private let mode: PolicyMode
  private let seed: UInt64
  /// Share of the clips that take random candidates in the second half of the warm-up; it grows to
  /// that in the first, as a network that knows nothing yet learns nothing from them.
  private let sampling: Double
  /// Of the random policy; 0 without a target.
  private var tilt: Double

  /// - Throws: `ConfigurationError` for a target that the network's candidates cannot reach.
  package init(_ configuration: TrainingConfiguration, _ network: VideoNetwork) throws {
    mode = configuration.policy
    seed = UInt64(configuration.seed)
    sampling = configuration.warmupSampling
    tilt = 0
    guard configuration.network == .dynamic, configuration.targetRatio > 0 else { return }
    let target = configuration.targetRatio
    tilt = try Self.tilt(for: target, network, key: "target-ratio")
    if mode == .gates { try Self.requireReachable(target, network, key: "target-ratio") }
  }

  /// Refuses a target that gates cannot reach: costs in seconds have theirs in them.
  ///
  /// - Parameter key: the flag to complain about.
  /// - Throws: `ConfigurationError`.
  package static func requireReachable(
    _ target: Double, _ network: VideoNetwork, key: String
  ) throws {
    let least = network.leastRatio(askingGates: true)
    guard target < least - 1e-9 else { return }
    throw unreachable(target, least: least, key: key)
  }

  private static func unreachable(
    _ target: Double, least: Double, key: String
  ) -> ConfigurationError {
    let asked = "the cheapest this network can do is \(String(format: "%.2f", least))"
    return ConfigurationError(
      key: key,
      least > 1
        ? "expected none, \(asked): more than the fixed network takes, found \(target); leave it out, "
          + "or give a larger width, size or batch"
        : "expected at least \(String(format: "%.2f", least)), the cheapest this network can do, "
          + "found \(target); raise it, or give more candidates or a larger width")
  }

  /// The tilt of random candidates whose mean cost is `target`.
  /// - Parameter key: the flag to complain about.
  /// - Throws: `ConfigurationError` for a target that the network's candidates cannot reach.
  @discardableResult package static func tilt(
    for target: Double, _ network: VideoNetwork, key: String
  ) throws -> Double {
    if let tilt = network.tilt(forMeanRatio: target) { return tilt }
    throw unreachable(target, least: network.leastRatio(askingGates: false), key: key)
  }

  /// Whether it is the gates that decide after the warm-up.
  package var areOfGates: Bool { mode == .gates }

  /// Of a training step.
  /// - Parameters:
  ///   - warmupProgress: how much of the warm-up lies before the step, 0 to 1.
  ///   - clips: the clips' indices in the data.
  package func training(
    _ stage: TrainingStage, warmupProgress: Double, epoch: Int, clips: [Int]
  ) -> PolicySource {
    switch stage {
    case .warmup: warmup(share: sampling * min(1, 2 * warmupProgress), clips, epoch: epoch)
    case .joint: rule(clips, epoch: epoch)
    case .finetune: mode == .gates ? .frozenGates : rule(clips, epoch: epoch)
    }
  }

  /// Of an evaluation, or of inference, after `stage`.
  package func evaluation(_ stage: TrainingStage, clips: [Int]) -> PolicySource {
    stage == .warmup ? .full : rule(clips, epoch: -1)
  }

  private func rule(_ clips: [Int], epoch: Int) -> PolicySource {
    mode.source(keys: keys(clips, epoch: epoch), tilt: tilt)
  }

  private func keys(_ clips: [Int], epoch: Int) -> [UInt64?] {
    clips.map { clip in
      var draw = key(clip, epoch: epoch, use: 1)
      return draw.next()
    }
  }

  private func warmup(share: Double, _ clips: [Int], epoch: Int) -> PolicySource {
    guard share > 0 else { return .full }
    let keys = clips.map { clip -> UInt64? in
      var draw = key(clip, epoch: epoch, use: 2)
      return draw.unit() < share ? draw.next() : nil
    }
    return .drawn(CandidateDraws(keys: keys))
  }

  /// Independent of the ranks and of the batch that a clip is in.
  private func key(_ clip: Int, epoch: Int, use: UInt64) -> SplitMix64 {
    var mixed = SplitMix64(mixing: UInt64(bitPattern: Int64(epoch)), UInt64(clip))
    return SplitMix64(mixing: seed, use, mixed.next())
  }
}
