// What a network's candidates take on this machine, measured.

extension VideoNetwork {
  /// Measures what each pair of candidates of each dynamic layer takes in inference on these clips:
  /// one pair after the other through all layers, again and again, of which the quickest counts.
  /// Policies are as before afterwards.
  ///
  /// - Parameters:
  ///   - values: clips `[n, 3, T, H, W]`, row-major, normalized; `n` from 1 to `batch`.
  ///   - fixed: what `secondsPerClip` finds of the fixed network of the same shape.
  ///   - seconds: how long it may take, but for three rounds at least and thirty at most; one more
  ///     comes first and is not timed.
  ///   - isInterrupted: asked after every pass.
  /// - Returns: nil if it was interrupted.
  /// - Precondition: the clips are of the configuration's shape; costs are MACs; weights are as
  ///   drawn.
  /// - Throws: nothing that inference itself causes.
  public func measureCandidates(
    _ values: [Float], fixed: Double, for seconds: Double,
    isInterrupted: () -> Bool = { false }
  ) throws -> CandidateSeconds? {
    precondition(configuration.seconds == nil, "candidates are left out already")
    let before = policies
    defer {
      policies = before
      for layer in layers { layer.clock.isOn = false }
    }
    return try values.withUnsafeBufferPointer {
      let clips = Clips($0, of: configuration.clip)
      var timing = CandidateTiming(self, fixed: fixed, clips)
      let isWhole = try Self.rounds(for: seconds) {
        try timing.addRound(isTimed: $0 > 0, isInterrupted: isInterrupted)
      }
      return isWhole ? timing.seconds : nil
    }
  }

  /// The least seconds of a clip in inference on these clips.
  ///
  /// - Parameters:
  ///   - values: clips `[n, 3, T, H, W]`, row-major, normalized; `n` from 1 to `batch`.
  ///   - seconds: how long it may take, but for three passes at least and thirty at most; one more
  ///     comes first and is not timed.
  ///   - isInterrupted: asked after every pass.
  /// - Returns: nil if it was interrupted.
  /// - Precondition: the clips are of the configuration's shape.
  /// - Throws: nothing that inference itself causes.
  public func secondsPerClip(
    _ values: [Float], for seconds: Double, isInterrupted: () -> Bool = { false }
  ) throws -> Double? {
    try values.withUnsafeBufferPointer {
      let clips = Clips($0, of: configuration.clip)
      var least = Double.infinity
      let isWhole = try Self.rounds(for: seconds) { round in
        let start = ContinuousClock.now
        _ = try infer(clips)
        if round > 0 { least = min(least, (ContinuousClock.now - start) / .seconds(1)) }
        return !isInterrupted()
      }
      return isWhole ? least / Double(clips.count) : nil
    }
  }

  /// Calls `body` with the number of a round until it says no or the time is over.
  /// - Returns: false if it said no.
  private static func rounds(for seconds: Double, _ body: (Int) throws -> Bool) rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    for round in 0...30 where round <= 3 || ContinuousClock.now < end {
      guard try body(round) else { return false }
    }
    return true
  }
}

/// The quickest passes of a network, in seconds of a batch.
private struct CandidateTiming {
  private let network: VideoNetwork
  private let fixed: Double
  private let clips: Clips
  private var layers: [LayerTiming]
  private var rest = Double.infinity
  /// Everything computed: all of the network, without and with what gates see of motion.
  private var (whole, wholeBesideMotion) = (Double.infinity, Double.infinity)

  /// - Parameter fixed: seconds of a clip in the fixed network.
  init(_ network: VideoNetwork, fixed: Double, _ clips: Clips) {
    (self.network, self.fixed, self.clips) = (network, fixed, clips)
    layers = network.layers.map { LayerTiming($0.gate.space) }
  }

  /// Every pair, and gates, which as drawn leave all of their candidates open.
  /// - Returns: false if it was interrupted.
  mutating func addRound(isTimed: Bool, isInterrupted: () -> Bool) throws -> Bool {
    let spaces = network.layers.map(\.gate.space)
    for a in 0..<(spaces.map(\.temporalStrides.count).max() ?? 1) {
      for b in 0..<(spaces.map(\.channelCounts.count).max() ?? 1) {
        network.policies = .fixed(temporal: a, channel: b)
        let all = try pass()
        guard !isInterrupted() else { return false }
        guard isTimed else { continue }
        rest = min(rest, max(0, all - network.layers.reduce(0) { $0 + $1.clock.unit }))
        if a + b == 0 { whole = min(whole, all) }
        for l in layers.indices { layers[l].add(network.layers[l], temporal: a, channel: b) }
      }
    }
    if readsMotion {
      network.policies = .full
      for (_, _, input) in network.context.dynamicLayers { input.motion?.isWanted = true }
      let besideMotion = try pass()
      if isTimed {
        wholeBesideMotion = min(wholeBesideMotion, besideMotion)
        for l in layers.indices { layers[l].addWholeBesideMotion(network.layers[l]) }
      }
    }
    // Every other clip in full, those between them in the last pair: so tilted, no other is drawn.
    network.policies = .drawn(
      CandidateDraws(keys: (0..<clips.count).map { $0 % 2 == 0 ? nil : 0 }, tilt: 300))
    _ = try pass()
    if isTimed {
      for l in layers.indices { layers[l].addScattered(network.layers[l]) }
    }
    network.policies = .frozenGates
    _ = try pass()
    if isTimed {
      for l in layers.indices { layers[l].addGates(network.layers[l], clips: clips.count) }
    }
    return !isInterrupted()
  }

  /// One pass; every layer's clock then shows what it took.
  /// - Returns: seconds of all of it.
  private func pass() throws -> Double {
    for layer in network.layers { layer.clock.start() }
    let start = ContinuousClock.now
    _ = try network.infer(clips)
    return (ContinuousClock.now - start) / .seconds(1)
  }

  private var readsMotion: Bool { network.configuration.dynamic?.motionEnergy == true }

  var seconds: CandidateSeconds {
    // The least of all is more than the sum of each layer's least, which are of other passes.
    let sum = layers.reduce(rest) { $0 + $1.full }
    let perClip = max(1, whole / sum) / Double(clips.count)
    // Motion energy is taken by whoever makes a gate's input; what it takes goes with its size.
    let inputs = network.layers.map { Double($0.geometry.input.clipFloats) }
    let motion = readsMotion ? max(0, wholeBesideMotion - whole) / inputs.reduce(0, +) : 0
    return CandidateSeconds(
      of: network.configuration, batch: clips.count, threads: Parallel.threads,
      fixed: fixed, rest: rest * perClip,
      layers: layers.indices.map { l in
        layers[l].seconds(
          network.dynamicLayers[l], motion: motion * inputs[l], clips: clips.count,
          perClip: perClip)
      })
  }
}

/// The quickest passes of one layer, in seconds of a batch.
private struct LayerTiming {
  private let space: PolicySpace
  /// `a·Sc + b`.
  private var pairs: [Double]
  /// Everything computed, while the next gate's motion energy is taken.
  private var wholeBesideMotion: Double?
  /// Clip by clip all and the least.
  private var scattered = Double.infinity
  private var gate = Double.infinity
  /// With as many candidates open as `open` says.
  private var opened = Double.infinity
  private var open = 2.0

  init(_ space: PolicySpace) {
    self.space = space
    pairs = [Double](repeating: .infinity, count: space.pairs)
  }

  /// A pass with one candidate an axis, if the layer has them.
  mutating func add(_ layer: DynamicConvolution, temporal a: Int, channel b: Int) {
    guard a < space.temporalStrides.count, b < space.channelCounts.count else { return }
    let pair = a * space.channelCounts.count + b
    pairs[pair] = min(pairs[pair], layer.clock.unit)
  }

  /// A pass in which everything is computed, and motion energy taken.
  mutating func addWholeBesideMotion(_ layer: DynamicConvolution) {
    wholeBesideMotion = min(wholeBesideMotion ?? .infinity, layer.clock.unit)
  }

  /// A pass in which clips take in turn the first and the last pair.
  mutating func addScattered(_ layer: DynamicConvolution) {
    scattered = min(scattered, layer.clock.unit - layer.clock.gate)
  }

  /// Everything computed.
  var full: Double { pairs[0] }

  /// A pass in which the gates decide.
  mutating func addGates(_ layer: DynamicConvolution, clips: Int) {
    gate = min(gate, layer.clock.gate)
    opened = min(opened, layer.clock.unit - layer.clock.gate)
    open =
      (0..<clips).reduce(0.0) { $0 + Double(layer.gate.policy.openCandidates($1)) } / Double(clips)
  }

  /// - Parameters:
  ///   - motion: what taking the layer's motion energy takes.
  ///   - clips: of a pass.
  ///   - perClip: what seconds of a pass are multiplied by.
  func seconds(
    _ info: DynamicLayerInfo, motion: Double, clips: Int, perClip: Double
  ) -> LayerSeconds {
    let whole = wholeBesideMotion ?? pairs[0]
    let cheap = Double(clips / 2) / Double(clips)
    let alike = (1 - cheap) * pairs[0] + cheap * pairs[pairs.count - 1]
    return LayerSeconds(
      name: info.name, temporalStrides: info.temporalStrides, channelCounts: info.channelCounts,
      seconds: pairs.map { $0 * perClip }, gate: (gate + motion) * perClip,
      term: open > 2 ? max(0, opened - whole) / (open - 2) * perClip : 0,
      scatter: max(0, scattered - alike) * perClip)
  }
}
