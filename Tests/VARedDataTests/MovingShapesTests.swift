// The synthetic set: complete, repeatable, and as hard to see through as it claims to be.

import Foundation
import Testing

@testable import VARedData

@Suite struct MovingShapesTests {
  @Test func theSetIsCompleteAndDecodes() throws {
    let folder = try TemporaryFolder()
    let shapes = MovingShapes(trainClipsPerClass: 2, valClipsPerClass: 1, size: 32)
    let set = try Dataset.open(try shapes.write(to: folder.file("set")))
    #expect(set.classes.count == 10 && set.classes.contains("circle_left-right"))
    #expect(set.count(.train) == 20 && set.count(.val) == 10)
    let geometry = ClipGeometry(frames: 8, frameStride: 1, size: 32)
    var clip = [Float](repeating: .nan, count: geometry.floatCount)
    for index in 0..<20 {
      try ClipReader().read(
        set, split: .train, index: index, view: .center, geometry: geometry, into: &clip)
      #expect(clip.allSatisfy { $0.isFinite })
    }
  }

  @Test func theSetIsAFunctionOfItsSeed() throws {
    let folder = try TemporaryFolder()
    func bytes(_ name: String, seed: UInt64) throws -> [Data] {
      let shapes = MovingShapes(
        shapes: [.cross], motions: [.grow, .still], trainClipsPerClass: 1, valClipsPerClass: 1,
        frames: 6, size: 64, seed: seed)
      try shapes.write(to: folder.file(name))
      return try ["train/cross_grow_0000.mp4", "val/cross_still_0000.mp4", "labels.csv"].map {
        try Data(contentsOf: URL(fileURLWithPath: folder.file(name + "/" + $0)))
      }
    }
    let first = try bytes("a", seed: 1)
    for copy in 0..<12 {
      #expect(try first == bytes("b\(copy)", seed: 1))
    }
    let other = try bytes("c", seed: 2)
    #expect(first[0] != other[0] && first[1] != other[1] && first[2] == other[2])
  }

  /// Mean absolute change of the decoded green channel from each frame to the one `stride` later.
  private func change(_ motion: MovingShapes.Motion, stride: Int, seed: UInt64) throws -> Double {
    let folder = try TemporaryFolder()
    try MovingShapes(
      shapes: [.square], motions: [motion], trainClipsPerClass: 1, valClipsPerClass: 0, size: 48,
      seed: seed
    ).write(to: folder.file("set"))
    let clip = try SeenClip(
      folder.file("set/train/square_\(motion.rawValue)_0000.mp4"), .center,
      ClipGeometry(frames: 8, frameStride: 1, size: 48))
    var sum = 0.0
    for t in 0..<8 - stride {
      for y in 0..<48 {
        for x in 0..<48 {
          sum += Double(abs(clip.value(1, t + stride, y, x) - clip.value(1, t, y, x)))
        }
      }
    }
    return sum / Double((8 - stride) * 48 * 48)
  }

  @Test(arguments: UInt64(1)...4)
  func motionsShowInTheDecodedFrames(seed: UInt64) throws {
    let still = try change(.still, stride: 1, seed: seed)
    #expect(try change(.leftRight, stride: 4, seed: seed) > still + 3)
    #expect(try change(.upDown, stride: 4, seed: seed) > still + 3)
    #expect(try change(.grow, stride: 4, seed: seed) > still + 3)
    #expect(try change(.vibrate, stride: 1, seed: seed) > still + 2.5)
  }

  @Test(arguments: UInt64(1)...4)
  func halfTheFramesCannotSeeTheVibration(seed: UInt64) throws {
    let still = try change(.still, stride: 2, seed: seed)
    let vibrating = try change(.vibrate, stride: 2, seed: seed)
    #expect(abs(vibrating - still) < 0.7, "\(vibrating) and \(still)")
    let scene = ShapeScene(
      shape: .square, motion: .vibrate, size: 32, random: SplitMix64(seed: seed))
    for frame in stride(from: 0, to: 16, by: 2) {
      #expect(scene.pose(at: frame) == scene.pose(at: 0))
      #expect(scene.pose(at: frame + 1) == scene.pose(at: 1))
    }
    #expect(scene.pose(at: 0) != scene.pose(at: 1))
  }

  /// At any instant place and radius have the same distribution for every motion.
  @Test(arguments: [0, 1, 7])
  func aSingleFrameDoesNotTellTheMotion(frame: Int) {
    let scenes = 4000
    for motion in MovingShapes.Motion.allCases {
      var counts = [[Int]](repeating: [Int](repeating: 0, count: 4), count: 3)
      for seed in 0..<scenes {
        let pose = ShapeScene(
          shape: .circle, motion: motion, size: 32, random: SplitMix64(seed: UInt64(seed))
        ).pose(at: frame)
        let shares = [
          (pose.x - 0.30) / 0.40, (pose.y - 0.30) / 0.40, (pose.radius - 0.18) / 0.10,
        ]
        for (number, share) in shares.enumerated() {
          #expect(share > -1e-9 && share < 1 + 1e-9)
          counts[number][min(3, max(0, Int(share * 4)))] += 1
        }
      }
      for count in counts.flatMap({ $0 }) {
        #expect((880...1120).contains(count), "\(motion) at frame \(frame): \(counts)")
      }
    }
  }

  @Test func noiseIsDrawnFromItsRange() {
    /// How much the scenes of a still shape change from one frame to the next, in grey levels.
    func changes(_ noise: ClosedRange<Double>) -> [Double] {
      (UInt64(0)..<60).map { seed in
        let scene = ShapeScene(
          shape: .circle, motion: .still, size: 16, noise: noise, random: SplitMix64(seed: seed))
        var random = SplitMix64(seed: seed + 1000)
        let first = scene.picture(frame: 0, noise: &random)
        let second = scene.picture(frame: 1, noise: &random)
        let differences = zip(first, second).map { abs(Double($0) - Double($1)) }
        return differences.reduce(0, +) / Double(differences.count)
      }
    }
    let usual = changes(1...1)
    #expect(usual.allSatisfy { (0.5...5).contains($0) }, "\(usual)")
    let drawn = changes(1...32).sorted()
    #expect(drawn[0] < 5 && drawn[59] > 30 && (4...20).contains(drawn[30]), "\(drawn)")
  }

  @Test func settingsThatMakeNoSetAreRefused() throws {
    let folder = try TemporaryFolder()
    func refusal(_ shapes: MovingShapes, _ path: String) throws -> String {
      try #require(throws: DatasetError.self) { try shapes.write(to: path) }.description
    }
    #expect(try refusal(MovingShapes(size: 33), folder.path).contains("even size"))
    #expect(try refusal(MovingShapes(noise: 0...1), folder.path).contains("noise above 0"))
    #expect(try refusal(MovingShapes(frames: 0), folder.path).contains("one frame"))
    #expect(try refusal(MovingShapes(motions: []), folder.path).contains("a shape and a motion"))
    let file = try folder.write("x", to: "file")
    #expect(try refusal(MovingShapes(), file).contains("Not a directory"))
  }
}
