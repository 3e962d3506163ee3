// What a fresh gate makes of motion.

import Testing

@testable import VARedNN

@Suite struct GateStartTests {
  private let shape = ActivationShape(channels: 20, frames: 4, height: 3, width: 3)

  /// `v_t [4, St]` of a fresh gate for four clips with the same pixels, the same in every frame in
  /// the even clips, changing places from frame to frame in the odd ones.
  private func weights(motionEnergy: Bool, temporal: Int) throws -> [Float] {
    let context = LayerContext(batch: 4)
    var configuration = DynamicConfiguration()
    configuration.motionEnergy = motionEnergy
    let space = PolicySpace(
      temporalCandidates: temporal, channelCandidates: 2, frames: 4, channels: 32)
    let gate = SoftModulationGate(
      space, input: shape, configuration: configuration, name: "gate", context: context)
    context.parameters.allocate(seed: 7)
    let x = FeatureMap(shape, batch: 4, motion: Scratch())
    for clip in 0..<4 {
      for block in 0..<shape.blocks {
        for i in 0..<shape.pixels * ChannelBlock.lanes {
          let (pixel, lane) = (i / ChannelBlock.lanes, i % ChannelBlock.lanes)
          let (frame, place) = (pixel / shape.framePixels, pixel % shape.framePixels)
          let moved = clip % 2 == 0 ? place : (place + frame) % shape.framePixels
          let channel = block * ChannelBlock.lanes + lane
          x.data[clip * shape.clipFloats + block * shape.blockFloats + i] =
            channel < shape.channels ? Float((moved * 7 + channel * 3 + clip) % 9) : 0
        }
      }
      for i in 0..<shape.meanCount { x.means[clip * shape.meanCount + i] = 4 }
    }
    x.takeMotion(clips: 4)
    try gate.forward(x, count: 4, training: true)
    return gate.policy.temporal
  }

  @Test(arguments: [2, 3]) func itGivesMovingClipsMoreFrames(temporal: Int) throws {
    let v = try weights(motionEnergy: true, temporal: temporal)
    for (still, moving) in [(0, 1), (0, 3), (2, 1), (2, 3)] {
      #expect(v[moving * temporal] > v[still * temporal] + 0.05)
      #expect(v[(moving + 1) * temporal - 1] < v[(still + 1) * temporal - 1] - 0.05)
    }
  }

  @Test func withoutMotionEnergyAllCandidatesWeighAlike() throws {
    for weight in try weights(motionEnergy: false, temporal: 2) {
      #expect(abs(weight - 0.5) < 0.05)
    }
  }

  /// One candidate along time leaves nothing to lean towards.
  @Test func oneCandidateStartsAsAnyOther() {
    let space = PolicySpace(
      temporalCandidates: 1, channelCandidates: 2, frames: 4, channels: 32)
    func weights(motionFrom: Int?) -> [Float] {
      let start = GateStart(space, inputs: 6, hidden: 4, motionFrom: motionFrom)
      var stream = RandomStream(seed: 1, name: "gate")
      return (0..<space.candidates * 4).map { start.second($0, &stream) }
    }
    let started = weights(motionFrom: 3)
    #expect(started == weights(motionFrom: nil))
    #expect(started.allSatisfy { $0 != 0 && abs($0) < 0.1 })
  }
}
