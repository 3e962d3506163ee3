// Where the policies of every pass of a run come from (METHOD §4).

import VARedData
import VARedNN

/// The policies of training and of evaluation, stage by stage.
struct PolicyPlan {
  private let mode: PolicyMode
  private let seed: UInt64
  /// Share of the clips that take random candidates in the second half of the warm-up; it grows to
  /// that in the first, as a network that knows nothing yet learns nothing from them.
  private let sampling: Double
  /// Of the random policy.
  private let tilt: Double

  /// - Throws: `ConfigurationError` for a random policy of a mean cost that no draw has.
  init(_ configuration: TrainingConfiguration, _ network: R2Plus1D) throws {
    mode = configuration.policy
    seed = UInt64(configuration.seed)
    sampling = configuration.warmupSampling
    guard mode == .random else {
      tilt = 0
      return
    }
    guard let tilt = network.tilt(forMeanRatio: configuration.targetRatio) else {
      throw ConfigurationError(
        key: "target-ratio",
        "expected a mean cost that the candidates can have, found \(configuration.targetRatio); "
          + "raise it, or give more candidates")
    }
    self.tilt = tilt
  }

  /// Of a training step.
  /// - Parameters:
  ///   - step: of the schedule, counted from 0.
  ///   - clips: the clips' indices in the data.
  func training(
    _ stages: TrainingStages, step: Int, epoch: Int, clips: [Int]
  ) -> PolicySource {
    switch stages.stage(step: step) {
    case .warmup:
      warmup(share: sampling * min(1, 2 * stages.warmupProgress(step: step)), clips, epoch: epoch)
    case .joint: held ?? random(clips, epoch: epoch) ?? .gates
    case .finetune: held ?? random(clips, epoch: epoch) ?? .frozenGates
    }
  }

  /// Of an evaluation, or of inference, after `stage`.
  func evaluation(_ stage: TrainingStage, clips: [Int]) -> PolicySource {
    stage == .warmup ? .full : held ?? random(clips, epoch: -1) ?? .gates
  }

  private var held: PolicySource? {
    mode.candidates.map { .fixed(temporal: $0.temporal, channel: $0.channel) }
  }

  private func random(_ clips: [Int], epoch: Int) -> PolicySource? {
    guard mode == .random else { return nil }
    let keys = clips.map { clip -> UInt64? in
      var draw = key(clip, epoch: epoch, use: 1)
      return draw.next()
    }
    return .drawn(CandidateDraws(keys: keys, tilt: tilt))
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
