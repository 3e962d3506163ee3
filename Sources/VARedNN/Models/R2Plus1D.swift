// R(2+1)D, fixed or dynamic (METHOD §5).

import Foundation

/// R(2+1)D-18 or -34 with torchvision's parameter names: a stem, four stages of residual blocks
/// whose convolutions may be dynamic, global average pooling, a linear classifier.
///
/// One instance belongs to one thread; it is planned for batches of up to `batch` clips.
public final class R2Plus1D {
  /// What was built.
  public let configuration: NetworkConfiguration
  /// Every parameter and running statistic.
  public var parameters: Parameters { context.parameters }
  /// The dynamic layers in the order of the forward pass.
  public let dynamicLayers: [DynamicLayerInfo]
  /// Multiply-accumulates of one clip through the fixed network of this shape.
  public let fullMACs: Int

  private let context: NetworkContext
  private let batch: Int
  private let threads: Int
  private let stem: Stem
  private let blocks: [BasicBlock]
  private let classifier: Linear
  private let classifierOffset: Int
  private let pooling: OperationAccount
  private let layers: [DynamicConvolution]
  private let shares: [Double]
  /// What is noted of the inputs of the dynamic layers, where their gates see motion.
  private let motionNotes: [(notes: MotionNotes, layer: DynamicConvolution)]
  private let loss: AdaptiveLoss
  private let gradientBuffers: GradientBuffers
  private var features: [Float]
  private var featureGradient: [Float]
  private(set) var logits: [Float]
  /// Of each clip of the last forward pass.
  private var costs: [ClipCost]

  /// - Parameters:
  ///   - batch: clips that one step takes at most.
  ///   - seed: of the initial values.
  ///   - threads: of this process's one thread pool.
  ///   - statistics: sums over ranks for synchronised batch norm; nil keeps statistics per rank.
  /// - Throws: `NetworkError` for a configuration that cannot be built.
  public init(
    _ configuration: NetworkConfiguration, batch: Int, seed: UInt64, threads: Int,
    statistics: StatisticsReducer? = nil
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    self.batch = batch
    self.threads = threads
    let context = NetworkContext(
      batch: batch, dynamic: configuration.dynamic, reducer: statistics)
    self.context = context
    OpenBLAS.useOneThread()
    Parallel.setThreads(threads)

    stem = Stem(configuration, context: context)
    blocks = Self.stages(configuration, from: stem.output.shape, context: context)
    let last = blocks[blocks.count - 1].output.shape
    classifierOffset = context.parameters.count
    pooling = context.openPooling(of: last)
    // torchvision's initial values: N(0, 0.01²), bias 0.
    classifier = Linear(
      inputs: last.channels, outputs: configuration.classes, name: "fc",
      parameters: context.parameters,
      account: context.openClassifier(inputs: last.channels, classes: configuration.classes),
      isGate: false, initialBias: 0, initial: { Float(0.01 * $1.normal()) })
    context.addStatic(macs: classifier.macs)
    context.parameters.allocate(seed: seed)

    layers = context.dynamicLayers.map(\.layer)
    let dynamicMACs = layers.reduce(0) { $0 + $1.convolution.geometry.macs }
    fullMACs = context.staticMACs + dynamicMACs
    dynamicLayers = context.dynamicLayers.map {
      DynamicLayerInfo(name: $0.name, layer: $0.layer, total: dynamicMACs)
    }
    shares = dynamicLayers.map(\.share)

    let outputs = [stem.output] + blocks.flatMap { $0.units.map(\.output) }
    motionNotes = zip(outputs, layers).compactMap { x, layer in x.motion.map { ($0, layer) } }
    let shapes = [stem.middle.shape] + outputs.map(\.shape)
    gradientBuffers = GradientBuffers(
      batch: batch, largest: shapes.map(\.clipFloats).max() ?? 0,
      mostMeans: shapes.map(\.meanCount).max() ?? 0)
    features = [Float](repeating: 0, count: batch * last.channels)
    featureGradient = features
    logits = [Float](repeating: 0, count: batch * configuration.classes)
    costs = [ClipCost](repeating: ClipCost(), count: batch)
    loss = AdaptiveLoss(
      classes: configuration.classes, batch: batch,
      confidence: configuration.dynamic?.costConfidence ?? 0,
      power: configuration.dynamic?.costPower ?? 2)
    askForMotion()
  }

  /// `layer1` to `layer4`.
  private static func stages(
    _ configuration: NetworkConfiguration, from input: ActivationShape, context: NetworkContext
  ) -> [BasicBlock] {
    var blocks: [BasicBlock] = []
    for (stage, (planes, count)) in zip(configuration.planes, configuration.blocks).enumerated() {
      for index in 0..<count {
        blocks.append(
          BasicBlock(
            input: blocks.last?.output.shape ?? input, planes: planes,
            stride: stage > 0 && index == 0 ? 2 : 1, name: "layer\(stage + 1).\(index)",
            context: context))
      }
    }
    return blocks
  }

  // MARK: Policies

  /// What decides the policies of the passes that follow; the gates, unless set.
  public var policies = PolicySource.gates {
    didSet {
      for layer in layers { layer.source = policies }
      askForMotion()
    }
  }

  /// Has motion energy noted where gates are going to read it.
  private func askForMotion() {
    for (notes, layer) in motionNotes { notes.isWanted = layer.asksGate }
  }

  /// The tilt with which random candidates execute `ratio` of the dynamic convolutions on average.
  /// - Returns: nil where no tilt does: `ratio` lies outside what the candidates can do.
  public func tilt(forMeanRatio ratio: Double) -> Double? {
    func mean(_ tilt: Double) -> Double {
      zip(shares, layers).reduce(0) { $0 + $1.0 * $1.1.pairs.meanRatio(tilt: tilt) }
    }
    // Beyond ±500 the draw is as good as certain.
    var (low, high) = (-500.0, 500.0)
    guard !layers.isEmpty, mean(high) <= ratio + 1e-9, ratio <= 1 else { return nil }
    for _ in 0..<100 {
      let middle = (low + high) / 2
      (low, high) = mean(middle) > ratio ? (middle, high) : (low, middle)
    }
    return (low + high) / 2
  }

  /// The conv ratio when every layer takes its cheapest candidates.
  public var leastRatio: Double {
    zip(shares, layers).reduce(0) { $0 + $1.0 * $1.1.pairs.leastRatio }
  }

  // MARK: Training

  /// Batch norm needs more than one value for a variance, as PyTorch says too.
  /// - Parameter clipsPerStatistic: clips that one batch-norm statistic is taken over: a rank's
  ///   batch, or all ranks' where it is synchronised.
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
  /// are assigned to `parameters.gradients`. Collective where batch norm is synchronised.
  /// - Parameters:
  ///   - clips: `[n, 3, T, H, W]`, normalised.
  ///   - labels: class of each of the `n` clips; `n` at most `batch`.
  ///   - costWeight: λ (METHOD §3).
  ///   - gradientsReady: called during backward with an offset that falls to 0: all gradients at
  ///     flat indices from it on are final.
  /// - Throws: what `gradientsReady` or the statistics' reducer throw.
  public func trainingStep(
    clips: UnsafePointer<Float>, labels: [Int], costWeight: Float,
    gradientsReady: (Int) throws -> Void
  ) throws -> StepOutcome {
    let clock = ContinuousClock()
    let start = clock.now
    let n = labels.count
    precondition(n >= 1 && n <= batch, "\(n) clips for a network planned for \(batch)")
    try forward(clips, count: n, training: true)
    loss.evaluate(logits: logits, labels: labels, costs: costs, weight: costWeight)
    let middle = clock.now
    try backward(clips, count: n, gradientsReady: gradientsReady)
    return outcome(
      count: n, costWeight: costWeight, forward: middle - start, backward: clock.now - middle)
  }

  private func outcome(
    count n: Int, costWeight: Float, forward: Duration, backward: Duration
  ) -> StepOutcome {
    var (convRatio, macs) = (0.0, 0)
    for clip in 0..<n {
      convRatio += costs[clip].convRatio
      macs += costs[clip].macs
    }
    return StepOutcome(
      loss: loss.crossEntropy + Double(costWeight) * loss.cost, crossEntropy: loss.crossEntropy,
      cost: loss.cost, correct: loss.correct, count: n, convRatio: convRatio / Double(n),
      executedMACs: Double(macs) / Double(n), forwardSeconds: forward / .seconds(1),
      backwardSeconds: backward / .seconds(1))
  }

  private func backward(
    _ clips: UnsafePointer<Float>, count n: Int, gradientsReady: (Int) throws -> Void
  ) throws {
    classifier.backward(loss.logitGradient, x: features, count: n, into: &featureGradient)
    spreadFeatureGradient(count: n)
    try gradientsReady(classifierOffset)
    var gradient = IncomingGradient(means: UnsafePointer(gradientBuffers.means.base))
    var firstUnit = dynamicLayers.count
    for i in blocks.indices.reversed() {
      if !dynamicLayers.isEmpty { firstUnit -= blocks[i].units.count }
      gradient = try blocks[i].backward(
        gradient, x: i == 0 ? stem.output : blocks[i - 1].output, clips: n,
        costGradient: { unit in
          dynamicLayers.isEmpty
            ? nil : CostGradient(network: loss.costGradient, share: shares[firstUnit + unit])
        },
        buffers: gradientBuffers, ready: gradientsReady)
    }
    try stem.backward(gradient, clips: clips, count: n, buffers: gradientBuffers)
    try gradientsReady(0)
  }

  // MARK: Inference

  /// Logits, policies and costs of `n` clips with the running statistics.
  /// - Parameters:
  ///   - clips: `[n, 3, T, H, W]`, normalised.
  ///   - n: at most `batch`.
  /// - Throws: nothing that inference itself causes.
  public func infer(clips: UnsafePointer<Float>, count n: Int) throws -> Inference {
    precondition(n >= 1 && n <= batch, "\(n) clips for a network planned for \(batch)")
    try forward(clips, count: n, training: false)
    return Inference(
      logits: copy(logits, n * configuration.classes), executedMACs: costs.prefix(n).map(\.macs),
      convRatio: costs.prefix(n).map(\.convRatio),
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

  // MARK: Measuring

  /// Starts to count, from zero, what is issued to the engines; costs nearly nothing. One network of
  /// a process at a time.
  public func startCounting() { context.counter.start() }

  /// Multiply-accumulates issued in forward passes since `startCounting`: what `executedMACs` is held
  /// against.
  public var issuedMACs: Int { context.counter.macs }

  /// What every layer issued in forward passes since `startCounting`, in the order of the layers.
  public var layerOperations: [LayerOperations] {
    LayerOperations.all(of: context.counter.accounts, parameters)
  }

  /// Calls of the engines since `startCounting`: that arrived there, and that a layer accounts for.
  /// Equal after inference, or an operation is not counted.
  public var engineCalls: (arrived: Int, accounted: Int) {
    (context.counter.engineCalls, context.counter.bookedCalls)
  }

  /// Starts to measure where time goes, from zero.
  public func startProfile() {
    context.counter.profile.clear()
    context.counter.profile.isOn = true
  }

  /// Seconds by kind and by convolution since `startProfile`.
  public var profile: WorkTotals { context.counter.profile.totals }

  /// Called during inference with the output of every convolution of the residual blocks, in their
  /// order; nil, which costs nothing: not called. What it sees is what inference computes: set
  /// `policies` to `.full` for whole features of a dynamic network.
  public var observeFeatures: ((LayerFeatures) -> Void)? {
    get { context.tap.observe }
    set { context.tap.observe = newValue }
  }

  private func forward(_ clips: UnsafePointer<Float>, count n: Int, training: Bool) throws {
    Parallel.setThreads(threads)
    try stem.forward(clips, count: n, training: training)
    var x = stem.output
    for block in blocks {
      try block.forward(x, clips: n, training: training)
      x = block.output
    }
    pool(x, count: n)
    classifier.forward(features, count: n, into: &logits)
    for clip in 0..<n { costs[clip] = cost(clip: clip) }
  }

  /// What clip `clip` of the last forward pass cost.
  private func cost(clip: Int) -> ClipCost {
    var cost = ClipCost(layers, shares: shares, clip: clip)
    cost.macs += context.staticMACs
    if dynamicLayers.isEmpty { cost.convRatio = 1 }
    return cost
  }

  /// Global average pooling: the mean of the spatial means over time.
  private func pool(_ x: Activation, count n: Int) {
    let frames = x.shape.frames
    pooling.issue(calls: 0, flops: n * x.shape.meanCount)
    for i in 0..<n * x.shape.channels {
      let means = UnsafeBufferPointer(start: x.means + i * frames, count: frames)
      features[i] = means.reduce(0, +) / Float(frames)
    }
  }

  /// The adjoint of `pool`, for every pixel.
  private func spreadFeatureGradient(count n: Int) {
    let shape = blocks[blocks.count - 1].output.shape
    for i in 0..<n * shape.channels {
      (gradientBuffers.means.base + i * shape.frames).update(
        repeating: featureGradient[i] / Float(shape.pixels), count: shape.frames)
    }
  }
}
