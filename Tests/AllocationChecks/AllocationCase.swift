// AllocationCase: one network, run until it is warm and then counted.

import VARedNN

/// A network, what its gates do, and the threads it runs on.
struct AllocationCase {
  /// What the policies of the clips are.
  enum Policies {
    /// The network is fixed.
    case none
    /// As the gates start: every candidate open, for every clip.
    case open
    /// These candidates, whatever the gates would say.
    case forced(temporal: Int, channel: Int)
    /// Gates that answer to their input: clips of a batch differ.
    case differing
    /// The same gates, which see motion energy and are charged the saturating cost.
    case differingByMotion
    /// The same gates, which are charged for seconds.
    case differingInSeconds
    /// The same gates, frozen.
    case frozen
    /// Candidates drawn at random, others in every one of the steps that are counted.
    case drawn

    /// Whether clips of a batch are to differ.
    var differ: Bool {
      switch self {
      case .none, .open, .forced: false
      case .differing, .differingByMotion, .differingInSeconds, .frozen, .drawn: true
      }
    }
  }

  let name: String
  var architecture = Architecture.r2plus1d18
  let policies: Policies
  let threads: Int

  private static let (batch, frames, size, classes) = (4, 4, 32, 3)
  /// Steps, and inferences, before counting and again while counting.
  private static let steps = 3

  /// What was allocated once the network was warm.
  struct Outcome {
    /// By the training steps, the optimizer's included.
    let training: AllocationTally
    /// By the inferences.
    let inference: AllocationTally
    /// Arrays that the inferences returned, which belong to the caller.
    let returnedArrays: Int
    /// Whether the clips' policies differed from one another.
    let differing: Bool
  }

  func run() throws -> Outcome {
    let network = try makeNetwork()
    network.startCounting()
    let optimizer = SGD(network.parameters, gateRate: 1)
    let clips = self.clips
    let labels = (0..<Self.batch).map { $0 % Self.classes }
    // Policies must not change from round to round, or other convolutions than the planned ones
    // run.
    let rate: Float = policies.differ ? 0 : 1e-3
    let draws = Self.draws
    let dropouts = Self.dropouts
    func redraw(_ step: Int) {
      if case .drawn = policies { network.policies = draws[step] }
    }
    func train() throws {
      for step in 0..<Self.steps {
        redraw(step)
        network.dropout = dropouts[step]
        _ = try network.trainingStep(clips, targets: .classes(labels), costWeight: 0.8) { _ in }
        optimizer.step(learningRate: rate, gradientScale: 1)
      }
    }
    try train()
    let training = try AllocationTally.of(train)
    var found: Inference?
    func infer() throws {
      for step in 0..<Self.steps {
        redraw(step)
        found = try network.infer(clips)
      }
    }
    try infer()
    let inference = try AllocationTally.of(infer)
    return Outcome(
      training: training, inference: inference,
      returnedArrays: Self.steps * (found.map(Self.arrays) ?? 0),
      differing: found.map(Self.differs) ?? false)
  }

  private func makeNetwork() throws -> VideoNetwork {
    var configuration = NetworkConfiguration(
      classes: Self.classes, frames: Self.frames, size: Self.size)
    configuration.architecture = architecture
    configuration.width = 0.25
    if case .none = policies {} else { configuration.dynamic = dynamic }
    if case .differingInSeconds = policies {
      let seconds = try Self.seconds(configuration)
      configuration.seconds = seconds
    }
    let network = try VideoNetwork(configuration, batch: Self.batch, seed: 1, threads: threads)
    switch policies {
    case .none, .open, .drawn: break
    case .forced(let temporal, let channel):
      network.policies = .fixed(temporal: temporal, channel: channel)
    case .differing, .differingByMotion, .differingInSeconds: letGatesAnswer(network.parameters)
    case .frozen:
      letGatesAnswer(network.parameters)
      network.policies = .frozenGates
    }
    return network
  }

  private var dynamic: DynamicConfiguration {
    var dynamic = DynamicConfiguration()
    if case .differingByMotion = policies {
      dynamic.motionEnergy = true
      dynamic.cost = .saturating(kappa: 0.1)
    }
    return dynamic
  }

  /// A table in which every candidate saves a fifth.
  private static func seconds(_ configuration: NetworkConfiguration) throws -> CandidateSeconds {
    let network = try VideoNetwork(configuration, batch: 1, seed: 1, threads: 1)
    return CandidateSeconds(
      of: configuration, batch: 1, threads: 1, fixed: 30, rest: 1,
      layers: network.dynamicLayers.map { info in
        LayerSeconds(
          name: info.name, temporalStrides: info.temporalStrides,
          channelCounts: info.channelCounts,
          seconds: info.temporalStrides.indices.flatMap { a in
            info.channelCounts.indices.map { 1 - Double(a + $0) / 5 }
          }, gate: 0.01, term: 0.01)
      })
  }

  /// One for each step.
  private static var dropouts: [Dropout] {
    (0..<steps).map { step in
      Dropout(probability: 0.5, keys: (0..<batch).map { UInt64(step * batch + $0) })
    }
  }

  /// One for each step: random candidates for all clips but one.
  private static var draws: [PolicySource] {
    (0..<steps).map { step in
      .drawn(
        CandidateDraws(keys: (0..<batch).map { $0 == step ? nil : UInt64(step * batch + $0) }))
    }
  }

  /// Large weights and small biases behind the gates' hidden units.
  private func letGatesAnswer(_ parameters: Parameters) {
    for entry in parameters.entries where entry.isGate && entry.name.contains("fc2") {
      let count = entry.shape.reduce(1, *)
      let isBias = entry.name.hasSuffix("bias")
      parameters.setLogical(
        entry, in: parameters.values, Self.noise(count).map { isBias ? 0.1 : $0 })
    }
  }

  /// Clips of different brightness, so that their gates differ.
  private var clips: [Float] {
    let count = 3 * Self.frames * Self.size * Self.size
    return (0..<Self.batch).flatMap { clip in Self.noise(count).map { $0 + Float(clip) - 1.5 } }
  }

  /// Values between -1 and 1, always the same.
  private static func noise(_ count: Int) -> [Float] {
    (0..<count).map { Float(($0 &* 2_654_435_761 >> 8) % 2001 - 1000) / 1000 }
  }

  /// Arrays with memory of their own in an inference.
  private static func arrays(_ inference: Inference) -> Int {
    3 + (inference.timeRatio == nil ? 0 : 1)
      + [inference.temporal, inference.channel].reduce(0) {
        $0 + ($1.isEmpty ? 0 : 1 + $1.count { !$0.isEmpty })
      }
  }

  private static func differs(_ inference: Inference) -> Bool {
    Set(inference.executedMACs).count > 1
  }
}
