// RandAugment: each operation against Pillow, and what is drawn.

import Foundation
import Testing
import VARedHDF5

@testable import VARedData

@Suite struct RandAugmentTests {
  /// Pillow's pictures (Golden/make_rand_augment.py). Where pixels are moved, a source that lies on
  /// the border of two pixels may fall to either; everything else is equal.
  @Test(arguments: ["noisy", "pale", "flat"])
  func operationsAreThoseOfPillow(kind: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Golden/rand-augment.h5").path
    let file = try HDF5File.open(path)
    let picture = try file.read("/\(kind)/picture", as: UInt8.self)
    let size = picture.shape[1]
    var checked: Set<RandAugment.Operation> = []
    for name in try file.names(in: "/\(kind)") where name != "picture" {
      let words = name.split(separator: " ").map(String.init)
      let operation = try #require(RandAugment.Operation(rawValue: words[0]))
      let magnitude = try #require(Int(words[1]))
      var frame = FramePixels(size: size)
      frame.bytes = picture.values
      frame.apply(
        operation.change(magnitude: magnitude, isNegative: words[2] == "-", size: size))
      let expected = try file.read("/\(kind)/\(name)", as: UInt8.self).values
      let different = zip(frame.bytes, expected).count { $0 != $1 }
      let isMoved = ["shearX", "shearY", "rotate"].contains(operation.rawValue)
      #expect(different <= (isMoved ? expected.count / 100 : 0), "\(kind), \(name)")
      checked.insert(operation)
    }
    #expect(checked.count == RandAugment.Operation.allCases.count)
  }

  @Test func wordsForIt() throws {
    let augment = try #require(RandAugment("2,9"))
    #expect(augment.operations == 2 && augment.magnitude == 9 && augment.description == "2,9")
    for wrong in ["", "2", "2,", "0,9", "17,9", "2,31", "2,-1", "2,9,1", "a,b", "2,9.5"] {
      #expect(RandAugment(wrong) == nil, "\(wrong)")
    }
  }

  /// Every operation is drawn about as often as any other, and half of those with a direction in
  /// either; the same seed draws the same.
  @Test func drawsAreEven() throws {
    let augment = try #require(RandAugment("2,15"))
    var counts: [String: Int] = [:]
    for seed in UInt64(0)..<7000 {
      let changes = augment.changes(seed: seed, size: 64)
      #expect(changes.count == 2)
      for change in changes { counts["\(change)", default: 0] += 1 }
    }
    // 1000 draws of each: 500 of each direction.
    let signed = RandAugment.Operation.allCases.filter(\.isSigned)
    #expect(signed.count == 9 && counts.count == 5 + 2 * signed.count)
    for operation in RandAugment.Operation.allCases {
      for isNegative in operation.isSigned ? [false, true] : [false] {
        let change = operation.change(magnitude: 15, isNegative: isNegative, size: 64)
        let expected = operation.isSigned ? 500.0 : 1000
        let found = Double(counts["\(change)"] ?? 0)
        #expect(abs(found - expected) < 5 * expected.squareRoot(), "\(change): \(found)")
      }
    }
    #expect(augment.changes(seed: 3, size: 64) == augment.changes(seed: 3, size: 64))
  }

  /// All frames of a clip go through the same operations, and nothing else of the clip changes.
  @Test func framesOfAClipAreChangedAlike() throws {
    let folder = try TemporaryFolder()
    try makeVideo(folder.file("a.mp4"), times: Array(0..<8)) { frame, x, y in
      (UInt8(10 + 20 * frame), UInt8(x * 8), UInt8(y * 7))
    }
    let set = try Dataset.open(
      try folder.write("path,label,split\na.mp4,x,train\na.mp4,y,train\n", to: "l.csv"))
    let geometry = ClipGeometry(frames: 4, frameStride: 1, size: 16)
    let plane = geometry.size * geometry.size
    func bytes(_ floats: [Float], _ frame: Int) -> [UInt8] {
      (0..<3).flatMap { channel in
        (0..<plane).map { pixel in
          let value = floats[(channel * geometry.frames + frame) * plane + pixel]
          let share = value * ClipWriter.deviation[channel] + ClipWriter.mean[channel]
          return UInt8((share * 255).rounded())
        }
      }
    }
    var changed = 0
    for seed in UInt64(0)..<60 {
      var augmentation = Augmentation.standard
      let plain = try PreparedSets.floats(
        set, .train, 0, .train(seed: seed, augment: augmentation), geometry)
      augmentation.randAugment = RandAugment("2,12")
      let found = try PreparedSets.floats(
        set, .train, 0, .train(seed: seed, augment: augmentation), geometry)
      for number in 0..<geometry.frames {
        var frame = FramePixels(size: geometry.size)
        frame.bytes = bytes(plain, number)
        for change in try #require(augmentation.randAugment).changes(seed: seed, size: 16) {
          frame.apply(change)
        }
        #expect(bytes(found, number) == frame.bytes, "seed \(seed), frame \(number)")
      }
      changed += found == plain ? 0 : 1
    }
    #expect(changed > 40)
  }
}
