// Costs in seconds: which candidates are offered, what is charged, and what a table may be.

import Foundation
import Testing

@testable import VARedNN

@Suite struct CandidateSecondsTests {
  private static let batch = 2
  /// Seconds of the fixed network in the tables below: a little less than everything computed.
  private static let fixed = 30.0

  private func configuration(_ seconds: CandidateSeconds? = nil) -> NetworkConfiguration {
    var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 32)
    configuration.width = 0.25
    configuration.dynamic = DynamicConfiguration()
    configuration.seconds = seconds
    return configuration
  }

  private func network(_ seconds: CandidateSeconds? = nil) throws -> VideoNetwork {
    try VideoNetwork(configuration(seconds), batch: Self.batch, seed: 3, threads: 1)
  }

  private let clips: [Float] = {
    var random = RandomStream(seed: 7, name: "clips")
    return (0..<batch * 3 * 4 * 32 * 32).map { _ in Float(random.normal()) }
  }()

  private func layer(
    _ name: String, _ strides: [Int], _ counts: [Int], _ seconds: [Double], gate: Double = 0,
    term: Double = 0
  ) -> LayerSeconds {
    LayerSeconds(
      name: name, temporalStrides: strides, channelCounts: counts, seconds: seconds, gate: gate,
      term: term)
  }

  /// Two candidates an axis.
  private func twoByTwo(_ seconds: [Double], gate: Double = 0) -> LayerSeconds {
    layer("l", [1, 2], [64, 32], seconds, gate: gate)
  }

  /// A table of the network's layers, with the seconds that `seconds` gives them.
  private func table(
    rest: Double = 1, _ seconds: (DynamicLayerInfo) -> LayerSeconds
  ) throws -> CandidateSeconds {
    CandidateSeconds(
      of: configuration(), batch: 2, threads: 1, fixed: Self.fixed, rest: rest,
      layers: try network().dynamicLayers.map(seconds))
  }

  /// Every pair takes 1 − a/4 − b/8 of a second: a `a`-th temporal, `b`-th channel candidate.
  private func plain(_ info: DynamicLayerInfo) -> LayerSeconds {
    layer(
      info.name, info.temporalStrides, info.channelCounts,
      info.temporalStrides.indices.flatMap { a in
        info.channelCounts.indices.map { 1 - Double(a) / 4 - Double($0) / 8 }
      }, gate: 0.05, term: 0.02)
  }

  // MARK: What is offered

  @Test func candidatesThatSaveNothingAreNotOffered() {
    let all = twoByTwo([1, 0.8, 0.7, 0.5]).offered
    #expect(all.temporal == [0, 1] && all.channel == [0, 1])
    // Half the frames takes as long; half the channels does not.
    let channels = twoByTwo([1, 0.7, 0.99, 0.7]).offered
    #expect(channels.temporal == [0] && channels.channel == [0, 1])
    // A quarter of the frames saves where half of them does not.
    let quarter = layer("l", [1, 2, 4], [64], [1, 1.1, 0.6])
    #expect(quarter.offered.temporal == [0, 2])
    #expect(quarter.space.temporalStrides == [1, 4] && quarter.shares == [[1], [0.6]])
  }

  @Test func aGateMustSaveMoreThanItTakes() {
    #expect(twoByTwo([1, 0.8, 0.7, 0.5], gate: 0.4).isWorthAGate)
    #expect(!twoByTwo([1, 0.8, 0.7, 0.5], gate: 0.48).isWorthAGate)
    #expect(!twoByTwo([1, 1.2, 1.1, 1.3]).isWorthAGate)
  }

  /// Layers without a candidate that saves have no gate and no cheap operations.
  @Test func theNetworkHasWhatIsOffered() throws {
    let table = try table { info in
      switch info.name {
      case "layer1.0.conv1.0.0": layer(info.name, [1, 2], info.channelCounts, [1, 1, 0.5, 0.5])
      case "layer1.0.conv1.0.3": layer(info.name, [1, 2], [16], [1, 1])
      default: plain(info)
      }
    }
    let network = try network(table)
    let before = try self.network().dynamicLayers
    #expect(network.dynamicLayers.count == before.count - 1)
    let first = try #require(network.dynamicLayers.first)
    #expect(first.name == "layer1.0.conv1.0.0" && first.temporalStrides == [1, 2])
    #expect(first.channelCounts == [before[0].channelCounts[0]])
    let names = network.parameters.entries.map(\.name)
    #expect(names.contains("layer1.0.conv1.0.3.weight"))
    #expect(!names.contains { $0.hasPrefix("layer1.0.conv1.0.3.gate") })
    #expect(abs(network.dynamicLayers.reduce(0) { $0 + $1.share } - 1) < 1e-12)
    #expect(table.layersWorthAGate.all == before.count - 1)
    _ = try network.trainingStep(clips, targets: .classes([0, 1]), costWeight: 1) { _ in }
  }

  // MARK: What is charged

  /// One candidate an axis open: what is charged is what the table says, and so is what the loss
  /// sees.
  @Test(arguments: 0..<2, 0..<2) func aPolicyCostsWhatTheTableSays(a: Int, b: Int) throws {
    let table = try table(plain)
    let network = try network(table)
    network.policies = .fixed(temporal: a, channel: b)
    let inference = try network.infer(clips)
    let expected = table.layers.reduce(table.rest) { sum, layer in
      let (st, sc) = (layer.temporalStrides.count, layer.channelCounts.count)
      return sum + layer.seconds[min(a, st - 1) * sc + min(b, sc - 1)]
    }
    let ratio = try #require(inference.timeRatio)
    for value in ratio { #expect(abs(value - expected / Self.fixed) < 1e-9) }
    #expect((ratio[0] > 1) == (a + b == 0), "the fixed network is 1, everything computed more")
    // All clips right: their cost is the square of it.
    let outcome = try network.trainingStep(
      clips, targets: .classes(try labels(network)), costWeight: 1
    ) { _ in }
    #expect(abs(outcome.executedCost - expected / Self.fixed) < 1e-9)
    #expect(outcome.correct > 0)
    let square = (expected / Self.fixed) * (expected / Self.fixed)
    #expect(abs(outcome.cost - square * Double(outcome.correct) / 2) < 1e-6)
  }

  /// What the network says in training of these clips.
  private func labels(_ network: VideoNetwork) throws -> [Int] {
    _ = try network.trainingStep(clips, targets: .classes([0, 1]), costWeight: 0) { _ in }
    return (0..<2).map { clip in
      let logits = network.logits[clip * 3..<(clip + 1) * 3]
      return (logits.firstIndex(of: logits.max() ?? 0) ?? 0) - logits.startIndex
    }
  }

  /// Gates take their seconds, and so does every further candidate that they leave open.
  @Test func gatesAndOpenCandidatesCost() throws {
    let table = try table(plain)
    let network = try network(table)
    // As drawn, all candidates are open.
    let ratio = try #require(try network.infer(clips).timeRatio)
    let open = table.layers.reduce(0) { $0 + $1.temporalStrides.count + $1.channelCounts.count - 2 }
    let extra = table.layers.reduce(0) { $0 + $1.gate } + 0.02 * Double(open)
    #expect(open > 30)
    for value in ratio { #expect(abs(value - (table.full + extra) / Self.fixed) < 1e-9) }
    let least = table.layers.reduce(table.rest) { $0 + ($1.seconds.min() ?? 0) } / Self.fixed
    let gates = table.layers.reduce(0) { $0 + $1.gate } / Self.fixed
    #expect(abs(network.leastRatio(askingGates: false) - least) < 1e-9)
    #expect(abs(network.leastRatio(askingGates: true) - least - gates) < 1e-9)
  }

  /// `Σ_a Σ_b D(a, b)·charge(V_a)·charge(W_b)`, `D` the second difference of the table; linear:
  /// `Σ_a Σ_b v_a·w_b·r(a, b)`.
  @Test(arguments: [CostForm.linear, .saturating(kappa: 0.4)])
  func theChargeOfATableIsBilinear(_ form: CostForm) {
    let rows: [[Float]] = [[1, 0.8], [0.75, 0.5], [0.6, 0.2]]
    var policy = Policy(
      PolicySpace(temporalStrides: [1, 2, 4], channelCounts: [64, 32]), batch: 1)
    policy.temporal = [0.2, 0.5, 0.3]
    policy.channel = [0.35, 0.65]
    let cost = LayerCost(
      policy, clip: 0, shares: .measured(rows.map { SIMD4($0) }), form: form)
    func r(_ a: Int, _ b: Int) -> Float { a < 3 && b < 2 ? rows[a][b] : 0 }
    var expected: Float = 0
    for a in 0..<3 {
      for b in 0..<2 {
        let difference = r(a, b) - r(a + 1, b) - r(a, b + 1) + r(a + 1, b + 1)
        expected +=
          difference * form.charge(policy.temporal[0...a].reduce(0, +))
          * form.charge(policy.channel[0...b].reduce(0, +))
      }
    }
    #expect(abs(cost.ratio - expected) < 1e-6)
    #expect(abs(cost.channel.value - expected) < 1e-6, "from either axis")
    guard form == .linear else { return }
    let mean = (0..<3).reduce(Float(0)) { sum, a in
      sum + policy.temporal[a] * (policy.channel[0] * r(a, 0) + policy.channel[1] * r(a, 1))
    }
    #expect(abs(cost.ratio - mean) < 1e-6)
  }

  /// A table of products charges what METHOD's ratio does.
  @Test func aTableOfProductsIsTheProduct() {
    let space = PolicySpace(temporalStrides: [1, 2], channelCounts: [48, 32])
    var policy = Policy(space, batch: 1)
    (policy.temporal, policy.channel) = ([0.4, 0.6], [0.1, 0.9])
    let product = LayerCost(
      policy, clip: 0, shares: CandidateShares(space, channels: 48), form: .linear)
    let rows = [1, Float(0.5)].map { SIMD4([$0, $0 * 32 / 48]) }
    let measured = LayerCost(policy, clip: 0, shares: .measured(rows), form: .linear)
    #expect(abs(product.ratio - measured.ratio) < 1e-6)
    func derivatives(_ cost: LayerCost) -> [Float] {
      var found: [Float] = []
      cost.temporal.forEachDerivative { found.append($1 * cost.temporalFactor) }
      cost.channel.forEachDerivative { found.append($1 * cost.channelFactor) }
      return found
    }
    for (a, b) in zip(derivatives(product), derivatives(measured)) { #expect(abs(a - b) < 1e-6) }
  }

  /// Random policies have a mean time ratio then.
  @Test func tiltGivesTheMeanTimeRatio() throws {
    let network = try network(try table(plain))
    let tilt = try #require(network.tilt(forMeanRatio: 0.9))
    var sum = 0.0
    for round in 0..<40 {
      let keys = (0..<Self.batch).map { UInt64?(UInt64(round * Self.batch + $0)) }
      network.policies = .drawn(CandidateDraws(keys: keys, tilt: tilt))
      sum += try #require(try network.infer(clips).timeRatio).reduce(0, +)
    }
    #expect(abs(sum / Double(40 * Self.batch) - 0.9) < 0.02)
    #expect(network.tilt(forMeanRatio: 0.3) == nil, "what no policy changes is in it")
  }

  // MARK: What is measured

  @Test(arguments: [false, true]) func everyLayerAndPairIsMeasured(motion: Bool) throws {
    var dynamic = configuration()
    dynamic.dynamic?.motionEnergy = motion
    var plain = configuration()
    plain.dynamic = nil
    func network(_ configuration: NetworkConfiguration) throws -> VideoNetwork {
      try VideoNetwork(configuration, batch: Self.batch, seed: 3, threads: 1)
    }
    let (measured, fixed) = (try network(dynamic), try network(plain))
    measured.policies = .full
    let least = try #require(try fixed.secondsPerClip(clips, for: 0))
    let table = try #require(try measured.measureCandidates(clips, fixed: least, for: 0))
    #expect(table.fixed == least)
    #expect(measured.policies == .full)
    #expect(table.batch == Self.batch && table.threads == 1 && table.rest > 0 && table.fixed > 0)
    #expect(table.isSound && table.isOf(dynamic))
    #expect(table.layers.map(\.name) == measured.dynamicLayers.map(\.name))
    for (layer, info) in zip(table.layers, measured.dynamicLayers) {
      #expect(layer.temporalStrides == info.temporalStrides && layer.gate > 0, "\(layer)")
      #expect(layer.channelCounts == info.channelCounts)
    }
    let mean = try #require(CandidateSeconds.mean([table, table]))
    #expect(abs(mean.full - table.full) < 1e-6)
    #expect(CandidateSeconds.mean([mean]) == mean, "a nanosecond is the unit")
    #expect(CandidateSeconds.mean([table, try self.table(plain: 1)]) == nil)
    #expect(try measured.measureCandidates(clips, fixed: least, for: 0) { true } == nil)
    #expect(try fixed.secondsPerClip(clips, for: 0) { true } == nil)
  }

  // MARK: Clips that differ

  @Test func clipsThatDifferAreConvolvedApart() {
    // One layer of two pairs, one of three; batches of two.
    let scatter = Scatter(batch: 2, layers: [(pairs: 2, share: 0.1), (pairs: 3, share: 0.01)])
    #expect(scatter.counts.count == 5)
    #expect(scatter.ratio(of: [4, 0, 0, 4, 0]) == 0)
    // Two of each: both alike with a probability of 2/4·1/3 for either pair.
    #expect(abs(scatter.ratio(of: [2, 2, 0, 4, 0]) - 0.1 * 2 / 3) < 1e-12)
    // What stands behind the counts is of others; fewer clips than a batch are one.
    #expect(abs(scatter.ratio(of: [1, 1, 1, 0, 1, 9]) - 0.11) < 1e-12)
    #expect(scatter.ratio(of: [1, 0, 0, 0, 1]) == 0)
    #expect(scatter.ratio(of: [0, 0, 0, 0, 0]) == 0)
    let single = Scatter(batch: 1, layers: [(pairs: 2, share: 0.1)])
    #expect(single.ratio(of: [3, 3]) == 0)
    // Of 64 clips one that differs is in a batch of 8 one time in eight.
    let rare = Scatter(batch: 8, layers: [(pairs: 2, share: 1)])
    #expect(abs(rare.ratio(of: [63, 1]) - 0.125) < 1e-12)
  }

  @Test func whatClipsTookIsCounted() throws {
    let measured = try network(try table(plain))
    measured.policies = .drawn(CandidateDraws(keys: [nil, 0], tilt: 1e4))
    _ = try clips.withUnsafeBufferPointer {
      try measured.infer(Clips($0, of: configuration().clip))
    }
    var scatter = try #require(measured.scatter)
    let pairs = measured.dynamicLayers.map { $0.temporalStrides.count * $0.channelCounts.count }
    #expect(scatter.counts.count == pairs.reduce(0, +))
    var first = 0
    for count in pairs {
      // The first clip in full, the second in the cheapest pair; where there is one, both.
      let own = Array(scatter.counts[first..<first + count])
      var expected = [Double](repeating: 0, count: count)
      expected[0] += 1
      expected[count - 1] += 1
      #expect(own == expected)
      first += count
    }
    #expect(scatter.cleared.counts.allSatisfy { $0 == 0 })
    scatter.add(scatter)
    #expect(scatter.counts.reduce(0, +) == Double(4 * pairs.count))
    measured.policies = .full
    _ = try clips.withUnsafeBufferPointer {
      try measured.infer(Clips($0, of: configuration().clip))
    }
    let alike = try #require(measured.scatter)
    #expect(alike.ratio(of: alike.counts) == 0)
    #expect(try network().scatter == nil, "costs are MACs")
  }

  @Test(arguments: [(0, 1), (-1, 1), (2, 0), (2, -3)])
  func tablesOfNoBatchAreRefused(batch: Int, threads: Int) throws {
    let good = try table(plain)
    let bad = CandidateSeconds(
      of: configuration(), batch: batch, threads: threads, fixed: good.fixed, rest: good.rest,
      layers: good.layers)
    #expect(good.isSound && !bad.isSound)
    #expect(throws: NetworkError.self) { try network(bad) }
  }

  @Test(arguments: [-1, .nan, .infinity, 1e4]) func scatterMustBeSound(_ scatter: Double) throws {
    let first = try plain(#require(try network().dynamicLayers.first))
    let bad = LayerSeconds(
      name: first.name, temporalStrides: first.temporalStrides,
      channelCounts: first.channelCounts, seconds: first.seconds, gate: 0, term: 0,
      scatter: scatter)
    #expect(first.isSound && !bad.isSound)
  }

  /// Everything open, what every clip takes.
  @Test func gatesStartWithEverythingOpen() throws {
    let table = try table(plain)
    let measured = try network(table)
    measured.policies = .frozenGates
    let open = try clips.withUnsafeBufferPointer {
      try measured.infer(Clips($0, of: configuration().clip))
    }
    for ratio in try #require(open.timeRatio) { #expect(abs(ratio - table.openRatio) < 1e-9) }
    #expect(table.openRatio > 1)
  }

  @Test func tablesSayWhatClipsThatDifferTake() throws {
    let first = try table {
      LayerSeconds(
        name: $0.name, temporalStrides: $0.temporalStrides, channelCounts: $0.channelCounts,
        seconds: plain($0).seconds, gate: 0, term: 0, scatter: 0.3)
    }
    let text = try JSONEncoder().encode(first)
    #expect(try JSONDecoder().decode(CandidateSeconds.self, from: text) == first)
    let earlier = String(decoding: text, as: UTF8.self).replacingOccurrences(
      of: #","scatter":0.3"#, with: ""
    ).replacingOccurrences(of: #""scatter":0.3,"#, with: "")
    #expect(!earlier.contains("scatter"))
    let read = try JSONDecoder().decode(CandidateSeconds.self, from: Data(earlier.utf8))
    #expect(read.layers.allSatisfy { $0.scatter == 0 } && read.layers.count == first.layers.count)
    let network = try network(first)
    let scatter = try #require(network.scatter)
    var counts = scatter.counts
    counts[0] = 1
    counts[counts.firstIndex(of: 0) ?? 0] = 1
    #expect(abs(scatter.ratio(of: counts) - 0.3 / Self.fixed) < 1e-12)
  }

  /// A table of one layer.
  private func table(plain count: Int) throws -> CandidateSeconds {
    CandidateSeconds(
      of: configuration(), batch: 2, threads: 1, fixed: 1, rest: 1,
      layers: (0..<count).map { layer("l\($0)", [1], [16], [1]) })
  }

  // MARK: What a table may be

  @Test func tablesOfOtherNetworksAreRefused() throws {
    let good = try table(plain)
    func expectRefusal(_ words: String, _ change: (inout [LayerSeconds]) -> Void) throws {
      var layers = good.layers
      change(&layers)
      let bad = CandidateSeconds(
        of: configuration(), batch: 2, threads: 1, fixed: good.fixed, rest: good.rest,
        layers: layers)
      let error = #expect(throws: NetworkError.self) { try network(bad) }
      #expect(error?.problem.contains(words) == true, "\(error?.problem ?? "accepted")")
    }
    let first = good.layers[0]
    try expectRefusal(first.name) { $0.removeFirst() }
    try expectRefusal("elsewhere") {
      $0.append(layer("elsewhere", [1, 2], [64, 32], [1, 1, 1, 1]))
    }
    try expectRefusal("cannot be") { $0.append(first) }
    for seconds in [[], [1], [1, 1, 1, 1, 1], [1, -1, 1, 1], [0, 1, 1, 1], [.nan, 1, 1, 1]] {
      try expectRefusal(first.name) {
        $0[0] = layer(first.name, first.temporalStrides, first.channelCounts, seconds)
      }
    }
    try expectRefusal(first.name) {
      $0[0] = layer(first.name, [1, 3], first.channelCounts, first.seconds)
    }
    try expectRefusal(first.name) {
      $0[0] = layer(first.name, [], [], [])
    }
    try expectRefusal(first.name) {
      $0[0] = layer(
        first.name, first.temporalStrides, first.channelCounts, first.seconds, gate: .infinity)
    }
    try expectRefusal("none") { layers in
      layers = layers.map {
        layer($0.name, $0.temporalStrides, $0.channelCounts, $0.seconds.map { _ in 1 })
      }
    }
    for (fixed, rest) in [(1.0, -1.0), (0, 1), (.nan, 1), (1, .infinity), (1e-9, 1)] {
      let error = #expect(throws: NetworkError.self) {
        try network(
          CandidateSeconds(
            of: configuration(), batch: 2, threads: 1, fixed: fixed, rest: rest,
            layers: good.layers))
      }
      #expect(error?.setting == "cost-table")
    }
  }

  /// Pairs that take much longer than everything computed: no exponent overflows on the way to a
  /// tilt.
  @Test func tiltsOfDearPairs() throws {
    let dear = try table { info in
      var layer = plain(info)
      if layer.seconds.count == 4 {
        layer = self.layer(
          info.name, info.temporalStrides, info.channelCounts, [1, 900, 0.5, 0.25])
      }
      return layer
    }
    let network = try network(dear)
    let least = network.leastRatio(askingGates: false)
    for target in [least + 0.01, 1] {
      let tilt = try #require(network.tilt(forMeanRatio: target))
      #expect(tilt.isFinite && abs(tilt) < 499, "\(tilt)")
    }
  }

  // MARK: Rules for every clip

  /// Half of the frames is half of them, or more where that is not offered.
  @Test func rulesTakeCandidatesByWhatTheyAre() {
    let space = PolicySpace(temporalStrides: [1, 4], channelCounts: [64, 16])
    #expect((0..<4).map(space.temporalIndex) == [0, 0, 1, 1])
    #expect((0..<4).map(space.channelIndex) == [0, 0, 1, 1])
    let whole = PolicySpace(temporalCandidates: 3, channelCandidates: 3, frames: 4, channels: 72)
    #expect((0..<4).map(whole.temporalIndex) == [0, 1, 2, 2])
    #expect((0..<4).map(whole.channelIndex) == [0, 1, 2, 2])
    let narrow = PolicySpace(temporalCandidates: 3, channelCandidates: 3, frames: 1, channels: 20)
    #expect(narrow.temporalIndex(2) == 0 && (0..<3).map(narrow.channelIndex) == [0, 1, 1])
  }
}
