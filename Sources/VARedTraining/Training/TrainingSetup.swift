// What a run is made of before the network exists: data, sharding, schedule.

import VARedData
import VARedDist
import VARedNN

/// The fixed parts of a run on one rank.
package struct TrainingSetup {
  package let communicator: Communicator
  package let configuration: TrainingConfiguration
  package let dataset: Dataset
  package let geometry: ClipGeometry
  package let sampler: ShardedSampler
  package let stepsPerEpoch: Int
  /// Compute threads of this rank.
  package let threads: Int
  /// Decoding threads of this rank.
  package let dataThreads: Int

  /// Opens the data and checks what can be checked without the network.
  ///
  /// - Parameter threadShare: this rank's share of the cores.
  /// - Throws: `DatasetError`, `ConfigurationError`.
  package init(
    _ configuration: TrainingConfiguration, communicator: Communicator, threadShare: Int
  ) throws {
    self.communicator = communicator
    self.configuration = configuration
    dataset = try Dataset.open(configuration.data, videos: configuration.videos)
    guard dataset.classes.count >= 2 else {
      throw DatasetError(
        path: configuration.data, expected: "clips of at least 2 classes",
        found: "only '\(dataset.classes.first ?? "")'",
        remedy: "see what vared-train check takes it for")
    }
    do {
      try configuration.networkConfiguration(classes: dataset.classes.count).validate()
    } catch let error as NetworkError {
      throw ConfigurationError(network: error)
    }
    if configuration.mixing.isActive, dataset.isMultiLabel {
      throw ConfigurationError(
        key: configuration.labelSmoothing > 0
          ? "label-smoothing" : configuration.mixup > 0 ? "mixup" : "cutmix",
        "expected one label a clip, found several in \(configuration.data); leave it out")
    }
    let clipsPerStep = communicator.size * configuration.batch
    guard !configuration.reproducible || clipsPerStep <= FixedPointGradients.mostClips else {
      throw ConfigurationError(
        key: "batch",
        "expected at most \(FixedPointGradients.mostClips) clips a step with --reproducible, found "
          + "\(clipsPerStep) (ranks x batch)")
    }
    let shared = configuration.ranksPerStatistic(of: communicator.size)
    guard communicator.size.isMultiple(of: shared) else {
      throw ConfigurationError(
        key: "sync-bn-ranks",
        "expected a number that \(communicator.size) ranks are a multiple of, or 0 for all, found "
          + "\(shared)")
    }
    geometry = ClipGeometry(configuration)
    sampler = ShardedSampler(
      count: dataset.count(.train), ranks: communicator.size, rank: communicator.rank,
      batch: configuration.batch, shuffle: configuration.shuffle == .epoch,
      seed: UInt64(configuration.seed), dropLast: true)
    try sampler.requireSteps(path: configuration.data)
    stepsPerEpoch = sampler.steps
    let resources = configuration.resources.resolved(share: threadShare)
    (threads, dataThreads) = (resources.threads, resources.dataThreads)
  }

  /// Of the whole run.
  var totalSteps: Int { configuration.epochs * stepsPerEpoch }

  private var learningRates: LearningRateSchedule {
    LearningRateSchedule(
      peak: configuration.learningRate,
      warmupSteps: Int((configuration.warmupEpochs * Double(stepsPerEpoch)).rounded()),
      totalSteps: totalSteps)
  }

  /// All of it joint for a fixed network, which has no gates to train.
  package var stages: TrainingStages {
    let isDynamic = configuration.network == .dynamic
    return TrainingStages(
      warmupShare: isDynamic ? configuration.warmupShare : 0,
      finetuneShare: isDynamic ? configuration.finetuneShare : 0,
      totalSteps: totalSteps)
  }

  /// λ before the first step.
  ///
  /// - Parameter seconds: the network's table, where costs are in seconds.
  func controller(_ seconds: CandidateSeconds?) -> CostController {
    CostController(
      weight: configuration.costWeight,
      target: configuration.targetRatio > 0 ? configuration.targetRatio : nil,
      ramp: configuration.costRamp, steps: stages.jointSteps,
      pressesUpwards: configuration.gateForm == .sparsemax, unit: configuration.costUnit,
      start: max(1, seconds?.openRatio ?? 1))
  }

  /// Every step of the run.
  ///
  /// - Parameters:
  ///   - costMemory: what λ remembers of the steps before.
  ///   - seconds: the network's table, where costs are in seconds.
  func schedule(
    _ policies: PolicyPlan, costMemory: CostController.Memory, seconds: CandidateSeconds?
  ) -> TrainingSchedule {
    var controller = controller(seconds)
    controller.memory = costMemory
    return TrainingSchedule(
      learningRates: learningRates, stages: stages, policies: policies, controller: controller,
      temperatures: TemperatureSchedule(
        start: configuration.gateTemperatureStart, end: configuration.gateTemperature),
      stepsPerEpoch: stepsPerEpoch, hasGates: configuration.network == .dynamic)
  }

  /// The training clips of `epoch` (from 0) that come after its first `done` steps, and after the
  /// first `clips` of the step that follows. What a clip looks like is a function of (seed, epoch,
  /// clip) only, so a resumed epoch goes on unchanged.
  ///
  /// - Parameter costs: what clips are dealt to the ranks by.
  func trainingLoader(
    epoch: Int, from done: Int, clips: Int = 0, costs: [Int64] = []
  ) -> ClipLoader {
    let seed = UInt64(configuration.seed)
    let augment = configuration.augmentation
    return ClipLoader(
      dataset: dataset, split: .train, geometry: geometry,
      batches: batches(epoch: epoch, from: done, clips: clips, costs: costs),
      view: { index in
        var draw = SplitMix64(mixing: seed, UInt64(epoch), UInt64(index))
        return .train(seed: draw.next(), augment: augment)
      }, mixing: configuration.mixing, threads: dataThreads, ahead: 3)
  }

  /// What is left out of these clips of `epoch` (from 0): a function of (seed, epoch, clip) only.
  func dropout(epoch: Int, clips: [Int]) -> Dropout? {
    guard configuration.dropout > 0 else { return nil }
    let keys = clips.map { clip in
      // Another stream than those of policies, 1 and 2.
      var draw = SplitMix64(mixing: UInt64(configuration.seed), 3, UInt64(epoch), UInt64(clip))
      return draw.next()
    }
    return Dropout(probability: configuration.dropout, keys: keys)
  }

  /// This rank's clips of every step of an epoch that is left; see `trainingLoader`.
  private func batches(
    epoch: Int, from done: Int, clips: Int, costs: [Int64]
  ) -> [[Int]] {
    var batches = Array(sampler.batches(epoch: epoch, costs: costs).dropFirst(done))
    guard clips > 0, !batches.isEmpty else { return batches }
    let (ranks, rank) = (sampler.ranks, sampler.rank)
    let whole = ShardedSampler(
      count: sampler.count, ranks: 1, rank: 0, batch: ranks * sampler.batch,
      shuffle: configuration.shuffle == .epoch, seed: UInt64(configuration.seed), dropLast: true
    ).batches(epoch: epoch)[done].dropFirst(clips)
    batches[0] = Self.share(of: whole, rank: rank, ranks: ranks, costs: costs)
    return batches
  }

  /// A rank's part of what is left of a step: as many clips as any other rank's.
  static func share(
    of clips: ArraySlice<Int>, rank: Int, ranks: Int, costs: [Int64] = []
  ) -> [Int] {
    let shared = Array(clips.prefix(clips.count / ranks * ranks))
    return ClipDealing.deal(shared, over: ranks, costs: costs)[rank]
  }

  /// Fewest clips of a rank that a step can be taken with: batch norm needs two values.
  var leastClips: Int { configuration.ranksPerStatistic(of: communicator.size) > 1 ? 1 : 2 }

  /// What a clip of `trainingLoader` is one of: the steps of an epoch leave out the rest.
  var clipsPerEpoch: Int { stepsPerEpoch * sampler.ranks * sampler.batch }

  /// What the clips of a batch of `trainingLoader` are to be classified as.
  func targets(of batch: ClipBatch) -> Targets {
    let classes = dataset.classes.count
    if dataset.isMultiLabel { return .labels(batch.targets, classes: classes) }
    return configuration.mixing.isActive
      ? .distributions(batch.targets, classes: classes) : .classes(batch.labels)
  }

  /// What clips are dealt by before anything is known of them; nil: they are taken in order.
  var clipCosts: ClipCosts? {
    configuration.balance == .cost && configuration.network == .dynamic
      ? ClipCosts(count: dataset.count(.train)) : nil
  }

  /// The evaluation of the validation split during training.
  package func evaluator() -> Evaluator {
    Evaluator(
      communicator: communicator, dataset: dataset, split: .val, geometry: geometry,
      batch: configuration.batch, dataThreads: dataThreads,
      views: Evaluator.views(
        configuration.views, windows: 10, crops: Evaluator.crops(size: configuration.size)),
      classMap: Array(dataset.classes.indices), isMultiLabel: dataset.isMultiLabel)
  }

  /// What a person reads before the first step.
  func summary(_ network: VideoNetwork) -> [String] {
    let c = configuration
    let parameters = network.parameters.entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let millions = String(format: "%.2f", Double(parameters) / 1e6)
    let gmacs = String(format: "%.3f", Double(network.fullMACs) / 1e9)
    return [
      "\(c.model.rawValue) \(c.network.rawValue), width \(c.width), \(dataset.classes.count) classes"
        + (dataset.isMultiLabel ? " (any number of them a clip), " : ", ")
        + "clips \(c.frames)x\(c.size)x\(c.size): \(millions) M parameters, \(gmacs) GMAC per clip",
      "\(dataset.count(.train)) training and \(dataset.count(.val)) validation clips; "
        + "\(communicator.size) ranks x batch \(c.batch), \(c.epochs) epochs of \(stepsPerEpoch) steps; "
        + "\(threads) compute and \(dataThreads) decoding threads per rank",
    ]
  }
}

extension Dataset {
  /// What ranks that read different files would differ in: one line per fact, short for any size.
  var fingerprint: String {
    var digest: UInt64 = 0
    for split in Split.allCases {
      for index in 0..<count(split) {
        for byte in name(split, index).utf8 {
          digest = SplitMix64(mixing: digest, UInt64(byte)).value
        }
        for label in labels(split, index) {
          digest = SplitMix64(mixing: digest, UInt64(label)).value
        }
      }
    }
    return "\(count(.train)) training clips\n\(count(.val)) validation clips\n"
      + "\(classes.count) classes\nnames and labels \(String(digest, radix: 16))"
  }
}

extension SplitMix64 {
  fileprivate var value: UInt64 {
    var copy = self
    return copy.next()
  }
}

extension ClipGeometry {
  /// The clips these settings ask for.
  package init(_ configuration: TrainingConfiguration) {
    self.init(
      frames: configuration.frames, frameStride: configuration.frameStride, size: configuration.size
    )
  }
}
