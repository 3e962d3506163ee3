// A network that classifies video clips, fixed or dynamic (METHOD §5).

/// A stem, blocks whose convolutions may be dynamic, global average pooling and a classifier: the
/// layers of an `Architecture`.
///
/// One instance belongs to one thread; it is planned for batches of up to `batch` clips.
public final class VideoNetwork {
  /// What was built.
  public let configuration: NetworkConfiguration
  /// Every parameter and running statistic.
  public var parameters: Parameters { context.parameters }
  /// The dynamic layers in the order of the forward pass.
  public let dynamicLayers: [DynamicLayerInfo]
  /// Multiply-accumulates of one clip through the fixed network of this shape.
  public let fullMACs: Int

  let context: NetworkContext
  let layers: [DynamicConvolution]
  let blocks: [any Block]
  private let batch: Int
  private let threads: Int
  private let stem: any Stem
  private let pooling: GlobalAveragePooling
  private let head: ClassifierHead
  private let headOffset: Int
  private let loss: AdaptiveLoss
  private let gradientBuffers: GradientBuffers
  private(set) var logits: [Float]
  /// Of each clip of the last forward pass.
  private var costs: [ClipCost]
  /// What the clips of the last pass took, where costs are in seconds.
  public private(set) var scatter: Scatter?
  /// What every clip costs whatever the policies, in the unit of the loss.
  let constantCost: Double

  /// What decides the policies of the passes that follow; the gates, unless set.
  public var policies = PolicySource.gates {
    didSet { takePolicies() }
  }

  /// What is left out, in training steps that follow, of what the classifier reads; nil: nothing.
  public var dropout: Dropout? {
    get { head.dropout }
    set { head.dropout = newValue }
  }

  /// - Parameters:
  ///   - configuration: what to build.
  ///   - batch: clips that one step takes at most.
  ///   - seed: of the initial values.
  ///   - threads: of this process's one thread pool.
  ///   - statistics: sums over ranks for synchronized batch norm; nil keeps statistics per rank.
  ///   - clipsPerStep: clips of a training step of all ranks, at most
  ///     `FixedPointGradients.mostClips`, where its results are to be the same bits however the
  ///     clips are shared out: each clip is computed as if it were alone, and what goes over clips
  ///     is summed in fixed point (`Parameters.fixedPoint`). Nil: sums are taken as is quickest.
  /// - Throws: `NetworkError` for a configuration that cannot be built.
  public init(
    _ configuration: NetworkConfiguration, batch: Int, seed: UInt64, threads: Int,
    statistics: StatisticsReducer? = nil, clipsPerStep: Int? = nil
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    self.batch = batch
    self.threads = threads
    let context = NetworkContext(
      batch: batch, dynamic: configuration.dynamic, seconds: configuration.seconds,
      reducer: statistics, clipsPerStep: clipsPerStep)
    self.context = context
    OpenBLAS.useOneThread()
    Parallel.setThreads(threads)

    let backbone = configuration.architecture.backbone(configuration, context)
    (stem, blocks) = (backbone.stem, backbone.blocks)
    headOffset = context.parameters.count
    pooling = GlobalAveragePooling(backbone.output.shape, context: context.layers)
    head = ClassifierHead(
      features: backbone.output.shape.channels, classes: configuration.classes, backbone.head,
      context)
    context.parameters.allocate(seed: seed, clipsPerStep: clipsPerStep)

    layers = context.dynamicLayers.map(\.layer)
    let dynamicMACs = layers.reduce(0) { $0 + $1.convolution.geometry.macs }
    fullMACs = context.staticMACs + dynamicMACs
    dynamicLayers = context.dynamicLayers.map {
      DynamicLayerInfo(name: $0.name, layer: $0.layer, total: dynamicMACs)
    }
    for (layer, info) in zip(layers, dynamicLayers) { layer.share = info.share }
    constantCost = try Self.shareCosts(layers, dynamicLayers, context)
    if let seconds = context.seconds { scatter = Scatter(seconds, layers, dynamicLayers) }
    gradientBuffers = GradientBuffers(
      batch: batch, largest: context.largestMap, mostMeans: context.mostMeans,
      in: context.layers.workspace)
    logits = [Float](repeating: 0, count: batch * configuration.classes)
    costs = [ClipCost](repeating: ClipCost(), count: batch)
    loss = AdaptiveLoss(
      classes: configuration.classes, batch: batch,
      confidence: configuration.dynamic?.costConfidence ?? 0,
      power: configuration.dynamic?.costPower ?? 2,
      ranks: clipsPerStep.map { _ in statistics?.ranks ?? 1 })
    takePolicies()
    OutOfMemory.requireRoom(threads: threads, isTaken: true)
  }

  /// Tells the layers what they cost in the unit of the loss.
  /// - Returns: what no policy changes.
  /// - Throws: `NetworkError` if a table of seconds is not of this network, or leaves no candidate.
  private static func shareCosts(
    _ layers: [DynamicConvolution], _ infos: [DynamicLayerInfo], _ context: NetworkContext
  ) throws -> Double {
    guard let seconds = context.seconds else {
      for layer in layers { layer.costTerms.full = layer.share }
      return 0
    }
    try context.requireSeconds(seconds)
    let fixed = seconds.fixed
    for (layer, info) in zip(layers, infos) {
      guard let own = seconds.layers.first(where: { $0.name == info.name }) else { continue }
      layer.costTerms = CostTerms(
        full: own.full / fixed, gate: own.gate / fixed, term: own.term / fixed)
    }
    return seconds.constant / fixed
  }

  // MARK: Training

  /// Batch norm needs more than one value for a variance, as PyTorch says too.
  /// - Parameter clipsPerStatistic: clips that one batch-norm statistic is taken over: a rank's
  ///   batch, or all ranks' where it is synchronized.
  /// - Throws: `NetworkError` if some statistic would be taken over a single value.
  public func requireTrainable(clipsPerStatistic: Int) throws {
    let smallest = blocks.map(\.output.shape.pixels).min() ?? 1
    // A gate's batch norm is over clips alone, and takes their statistics while it learns.
    let gatesLearn = layers.contains { $0.source == .gates }
    guard clipsPerStatistic == 1, smallest == 1 || gatesLearn else { return }
    throw NetworkError(
      setting: "batch",
      problem: "expected at least 2 clips in a step, so that batch norm has a variance, found 1; "
        + "raise it, or train with more ranks and sync-bn")
  }

  /// Forward, loss and backward of one batch; the gradients of the loss, averaged over these clips,
  /// are assigned to `parameters.gradients`, or, averaged over the clips of all ranks, to
  /// `parameters.fixedPoint`. Collective where batch norm is synchronized.
  /// - Parameters:
  ///   - clips: `[n, 3, T, H, W]`, normalized; `n` at most `batch`.
  ///   - targets: of each of the `n` clips, with the loss that goes with them.
  ///   - costWeight: λ (METHOD §3); below 0 it presses on every clip and opens what is closed (§4).
  ///   - forwardReaches: called before each part of the forward pass, stem and blocks, with the
  ///     flat index of its first parameter.
  ///   - gradientsReady: called during backward with an offset that falls to 0: all gradients at
  ///     flat indices from it on are final.
  /// - Precondition: the clips are of the configuration's shape and as many as the targets, which
  ///   are of the configuration's classes.
  /// - Throws: what `gradientsReady` or the statistics' reducer throw.
  public func trainingStep(
    _ clips: Clips, targets: Targets, costWeight: Float,
    forwardReaches: (Int) -> Void = { _ in }, gradientsReady: (Int) throws -> Void
  ) throws -> StepOutcome {
    precondition(clips.count == targets.count, "\(targets.count) targets for \(clips.count) clips")
    precondition(targets.fit(classes: configuration.classes), "targets of other classes")
    let clock = ContinuousClock()
    let start = clock.now
    try forward(clips, training: true, reaches: forwardReaches)
    loss.evaluate(logits: logits, targets: targets, costs: costs, weight: costWeight)
    let middle = clock.now
    try backward(clips, reopens: costWeight < 0, gradientsReady: gradientsReady)
    return outcome(
      count: clips.count, costWeight: costWeight, forward: middle - start,
      backward: clock.now - middle)
  }

  /// Executed multiply-accumulates of clip `clip` of the last pass (METHOD §3).
  /// - Precondition: the pass had such a clip.
  public func executedMACs(clip: Int) -> Int { costs[clip].macs }

  private func outcome(
    count n: Int, costWeight: Float, forward: Duration, backward: Duration
  ) -> StepOutcome {
    var sums = loss.sums
    for clip in 0..<n {
      sums.convRatio += loss.term(costs[clip].convRatio)
      sums.executedCost += loss.term(costs[clip].executed)
      sums.executedMACs += Double(costs[clip].macs)
    }
    if parameters.fixedPoint?.fits == false { sums.crossEntropy = .nan }
    return StepOutcome(
      sums: sums, costWeight: Double(costWeight), correct: loss.correct, count: n,
      forwardSeconds: forward / .seconds(1), backwardSeconds: backward / .seconds(1))
  }

  private func backward(
    _ clips: Clips, reopens: Bool, gradientsReady: (Int) throws -> Void
  ) throws {
    let n = clips.count
    parameters.fixedPoint?.clear()
    let pass = BackwardPass(
      clips: n, costGradient: loss.costGradient, reopens: reopens, buffers: gradientBuffers)
    head.backward(loss.logitGradient, x: pooling.features, clips: n, into: &pooling.gradient)
    pooling.backward(clips: n, into: gradientBuffers.means.base)
    try gradientsReady(headOffset)
    var gradient = IncomingGradient(means: UnsafePointer(gradientBuffers.means.base))
    for block in blocks.reversed() {
      gradient = try block.backward(gradient, pass, ready: gradientsReady)
    }
    try stem.backward(gradient, clips: clips, pass)
    try gradientsReady(0)
  }

  // MARK: Inference

  /// Logits, policies and costs with the running statistics.
  /// - Parameter clips: `[n, 3, T, H, W]`, normalized; `n` at most `batch`.
  /// - Precondition: the clips are of the configuration's shape.
  /// - Throws: nothing that inference itself causes.
  public func infer(_ clips: Clips) throws -> Inference {
    try forward(clips, training: false)
    let n = clips.count
    return Inference(
      logits: copy(logits, n * configuration.classes), executedMACs: costs.prefix(n).map(\.macs),
      convRatio: costs.prefix(n).map(\.convRatio),
      timeRatio: context.seconds.map { _ in costs.prefix(n).map(\.executed) },
      temporal: layers.map {
        copy($0.gate.policy.temporal, n * $0.gate.space.temporalStrides.count)
      },
      channel: layers.map { copy($0.gate.policy.channel, n * $0.gate.space.channelCounts.count) })
  }

  /// The first `count` values in memory of their own: an array that shared the network's would make
  /// its next pass copy it.
  private func copy(_ values: [Float], _ count: Int) -> [Float] {
    values.withUnsafeBufferPointer { Array($0.prefix(count)) }
  }

  private func forward(
    _ clips: Clips, training: Bool, reaches: (Int) -> Void = { _ in }
  ) throws {
    let n = clips.count
    precondition(n <= batch, "\(n) clips for a network planned for \(batch)")
    precondition(
      clips.shape == configuration.clip, "clips of another shape than the network's")
    Parallel.setThreads(threads)
    reaches(0)
    try stem.forward(clips, training: training)
    for block in blocks {
      reaches(block.firstParameter)
      try block.forward(clips: n, training: training)
    }
    pooling.forward(blocks.last?.output ?? stem.output, clips: n)
    head.forward(pooling.features, clips: n, training: training, into: &logits)
    for clip in 0..<n { costs[clip] = cost(clip: clip) }
    scatter?.take(layers, clips: n)
  }

  /// What clip `clip` of the last forward pass cost.
  private func cost(clip: Int) -> ClipCost {
    var cost = ClipCost(layers, clip: clip)
    cost.macs += context.staticMACs
    cost.differentiable += constantCost
    cost.executed += constantCost
    if layers.isEmpty { (cost.convRatio, cost.executed) = (1, 1) }
    return cost
  }
}

extension VideoNetwork {
  /// `trainingStep` of clips in an array, `[n, 3, T, H, W]`, row-major.
  public func trainingStep(
    _ values: [Float], targets: Targets, costWeight: Float, gradientsReady: (Int) throws -> Void
  ) throws -> StepOutcome {
    try values.withUnsafeBufferPointer {
      try trainingStep(
        Clips($0, of: configuration.clip), targets: targets, costWeight: costWeight,
        gradientsReady: gradientsReady)
    }
  }

  /// `infer` of clips in an array, `[n, 3, T, H, W]`, row-major.
  public func infer(_ values: [Float]) throws -> Inference {
    try values.withUnsafeBufferPointer { try infer(Clips($0, of: configuration.clip)) }
  }
}
