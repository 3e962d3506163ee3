// What `vared-train bench` is asked to time.

import VARedData
import VARedNN
import VARedTraining

/// What `bench` times: which network, on which clips, driven how, and how often.
public struct BenchmarkSettings {
  /// Sets what the user says about model, width, network, candidates, frames and size. A checkpoint
  /// has these settings; what is said beside it must agree.
  public var network: (inout TrainingConfiguration) -> Void = { _ in }
  /// Checkpoint, or folder of a run, whose network is timed; nil: one of random weights with 400
  /// classes, as Kinetics has.
  public var checkpoint: String?
  /// Label file or HDF5 clips file that clips are taken from; nil: random clips.
  public var data: String?
  /// Folder of the videos that `data` lists; nil: the list's own.
  public var videos: String?
  /// Part of the data; nil: val.
  public var split: Split?
  /// Clips of `data` whose loading is timed, too; 0: none.
  public var loading = 0
  /// Clips in a step, and threads.
  public var resources = Resources()
  /// What dynamic layers compute; several take turns, step by step. Empty: what the gates say.
  public var policies: [PolicyMode] = []
  /// What random candidates cost on average, in the unit of the network's loss; 0: all pairs are
  /// alike.
  public var targetRatio = 0.0
  /// Timed steps of each kind and policy; one more runs first.
  public var iterations = 5

  /// The defaults.
  public init() {}

  /// - Throws: `ConfigurationError`.
  func validate() throws {
    guard (1...10_000).contains(iterations) else {
      throw ConfigurationError(key: "iterations", "expected 1 to 10000, found \(iterations)")
    }
    guard data != nil || split == nil else {
      throw ConfigurationError(
        key: "split", "expected --data beside it; random clips have no split")
    }
    guard (0...1_000_000).contains(loading) else {
      throw ConfigurationError(key: "loading", "expected 0 to 1000000, found \(loading)")
    }
    guard data != nil || loading == 0 else {
      throw ConfigurationError(key: "loading", "expected --data beside it, to load clips from")
    }
    guard Set(policies).count == policies.count else {
      throw ConfigurationError(
        key: "policy", "expected each once, found one twice; raise --iterations for more steps")
    }
    guard (0...1).contains(targetRatio) else {
      throw ConfigurationError(
        key: "target-ratio", "expected 0 (no target) to 1, found \(targetRatio)")
    }
    guard targetRatio == 0 || policies.contains(.random) else {
      throw ConfigurationError(
        key: "target-ratio", "expected --policy random beside it; others take what they take")
    }
    var checked = try configuration(else: TrainingConfiguration())
    checked.resources = resources
    // No clips are read for training and no run is written.
    (checked.data, checked.output) = ("none", "none")
    try checked.validate()
  }

  /// What the user says, over `settings`.
  ///
  /// - Throws: `ConfigurationError` about weights to start from.
  func configuration(else settings: TrainingConfiguration) throws -> TrainingConfiguration {
    var said = settings
    said.initialize = nil
    network(&said)
    guard said.initialize == nil else {
      throw ConfigurationError(
        key: "initialize",
        "expected none, a benchmark draws its weights; leave it out, and give --checkpoint to time "
          + "trained ones")
    }
    return said
  }
}
