// Sums in fixed point: exact, in any order, and honest about what does not fit.

import Foundation
import TestSupport
import Testing

@testable import VARedNN

@Suite struct FixedPointTests {
  /// Thrown-together terms, of sizes far apart.
  private func terms(_ count: Int) -> [Double] {
    normals(count, "terms").enumerated().map { i, value in
      Double(value) * Double(sign: .plus, exponent: i % 60 - 35, significand: 1)
    }
  }

  private func sum(_ terms: some Sequence<Double>) -> Double {
    var sums = FixedPointSums(count: 2)
    for term in terms { sums.add(term, at: 1) }
    return sums[1]
  }

  @Test func sumsAreTheSameInAnyOrder() {
    let terms = terms(4096)
    let expected = sum(terms)
    #expect(sum(terms.reversed()) == expected)
    #expect(sum(terms.sorted()) == expected)
    // Each term is off by 2⁻⁵² at most.
    let truth = terms.sorted { abs($0) < abs($1) }.reduce(0, +)
    #expect(abs(expected - truth) <= 4096 * 0x1p-52 + abs(truth) * 1e-12)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity, 0x1p49, -0x1p60])
  func aTermThatDoesNotFitMakesNoNumber(_ term: Double) {
    #expect(sum([1, term]).isNaN)
    #expect(sum([1, 0x1.fffffffffffp48]) == 1 + 0x1.fffffffffffp48)
  }

  /// Gradients of `clips` clips, added in the order of `order`, as floats.
  private func gradients(
    _ clips: [[Float]], order: [Int], clipsPerStep: Int
  ) -> (values: [Float], fits: Bool) {
    let sums = FixedPointGradients(count: clips[0].count, clipsPerStep: clipsPerStep)
    for clip in order { sums.add(clips[clip], count: clips[clip].count, at: 0) }
    let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: clips[0].count)
    defer { values.deallocate() }
    sums.move(to: values)
    #expect(sums.sums.allSatisfy { $0 == 0 })
    return (Array(values), sums.fits)
  }

  @Test(arguments: [1, 24, 4096]) func gradientsAreTheSameInAnyOrder(_ clipsPerStep: Int) {
    // Not a multiple of the vectors' lengths.
    let clips = (0..<24).map { clip in normals(1003, "clip \(clip)").map { $0 * 0.01 } }
    let forward = gradients(clips, order: Array(0..<24), clipsPerStep: clipsPerStep)
    let backward = gradients(clips, order: (0..<24).reversed(), clipsPerStep: clipsPerStep)
    #expect(forward.values == backward.values && forward.fits && backward.fits)
    for (i, value) in forward.values.enumerated() {
      let truth = clips.reduce(0.0) { $0 + Double($1[i]) }
      // Half a unit of 2⁻⁴⁰ a clip at most, and the rounding to a float.
      #expect(abs(Double(value) - truth) <= 24 * 0x1p-41 + abs(truth) * 0x1p-24)
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 1024, -3e38])
  func aGradientThatDoesNotFitIsSaid(_ value: Float) {
    var clips = [[Float](repeating: 1, count: 37), [Float](repeating: 2, count: 37)]
    clips[1][35] = value
    let found = gradients(clips, order: [0, 1], clipsPerStep: 2)
    #expect(!found.fits)
    #expect(found.values[34] == 3 && found.values[36] == 3)
    clips[1][35] = 1023.9999
    #expect(gradients(clips, order: [0, 1], clipsPerStep: 4096).fits)
  }

  /// Numbers of less than 2⁵¹ units are rounded another way than larger ones.
  @Test(arguments: [1, 24, 4096]) func largeAndSmallGradientsAreRoundedAlike(_ clipsPerStep: Int) {
    let bits = clipsPerStep == 1 ? 52.0 : clipsPerStep == 24 ? 47 : 40
    let tiny = (0..<1024).map { (Float($0) - 511.5) * Float(exp2(-bits - 1)) }
    let small = normals(1024, "small").map { $0 * 0.01 } + tiny
    let large = small.map { $0 * 0x1p20 }.map { min(max($0, -1023), 1023) }
    for clip in [small, large, small + large, large + small, small + [1000]] {
      let found = gradients([clip], order: [0], clipsPerStep: clipsPerStep)
      let expected = clip.map {
        Float((Double($0) * exp2(bits)).rounded(.toNearestOrEven) * exp2(-bits))
      }
      #expect(found.values == expected && found.fits)
    }
  }

  /// In another order, and on another number of threads, by the whole network: the same bits.
  @Test(arguments: ["r2plus1d-18", "x3d-m"], [true, false])
  func aClipIsComputedAsIfItWereAlone(_ model: String, isDynamic: Bool) throws {
    var configuration = NetworkConfiguration(classes: 3, frames: 4, size: 32)
    configuration.architecture = try #require(Architecture(rawValue: model))
    configuration.width = 0.25
    configuration.dynamic = isDynamic ? DynamicConfiguration() : nil
    let clips = normals(4 * 3 * 4 * 32 * 32, "clips")
    let clipFloats = clips.count / 4
    func step(_ order: [Int], threads: Int) throws -> ([Int64], [Float], Double) {
      let network = try VideoNetwork(
        configuration, batch: 4, seed: 2, threads: threads, clipsPerStep: 4)
      let outcome = try network.trainingStep(
        order.flatMap { clips[$0 * clipFloats..<($0 + 1) * clipFloats] },
        targets: .classes(order.map { $0 % 3 }), costWeight: 0.8
      ) { _ in }
      let parameters = network.parameters
      return (
        Array(parameters.fixedPoint?.sums ?? .init(start: nil, count: 0)),
        Array(parameters.bufferValues), outcome.sums.convRatio
      )
    }
    let (sums, statistics, ratio) = try step([0, 1, 2, 3], threads: 1)
    #expect(sums.contains { $0 != 0 })
    for (order, threads) in [([3, 1, 0, 2], 1), ([2, 3, 0, 1], 2)] {
      let other = try step(order, threads: threads)
      #expect(other.0 == sums && other.1 == statistics && other.2 == ratio, "\(order)")
    }
  }
}
