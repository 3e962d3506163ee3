// What augmentation does to a clip: crops, flips and colours against values worked by hand, and the
// defaults as they were.

import Foundation
import TestSupport
import Testing

@testable import VARedData

@Suite struct AugmentationTests {
  private func placement(
    _ augmentation: Augmentation, seed: UInt64, width: Double = 640, height: Double = 480
  ) -> CropPlacement {
    CropPlacement(
      width: width, height: height, view: .train(seed: seed, augment: augmentation), size: 112)
  }

  /// The rule of the standard crop, written again; the numbers of seed 1 besides.
  @Test func theStandardCropIsWhatItWas() {
    for seed in UInt64(0)..<50 {
      var random = SplitMix64(seed: seed)
      _ = random.unit()  // The window.
      let short = 128 + Int(random.unit() * 33)
      let long = Int((Double(short) * 640 / 480).rounded())
      let (x, y) = (random.unit(), random.unit())
      let found = placement(.standard, seed: seed)
      #expect(found.height == short && found.width == long)
      #expect(found.x == Int(x * Double(long - 111)) && found.y == Int(y * Double(short - 111)))
      #expect(found.isMirrored == (random.unit() >= 0.5))
    }
  }

  @Test func shortSidesMayBeGiven() {
    var augmentation = Augmentation()
    augmentation.scaleJitter = ScaleJitter("120-124")
    let all = (0..<200).map { placement(augmentation, seed: $0) }
    #expect(Set(all.map(\.height)) == Set(120...124))
    // Small pictures too, and the same draw of the place.
    let small = placement(augmentation, seed: 3, width: 64, height: 48)
    #expect(small == placement(augmentation, seed: 3))
    #expect(small.isMirrored == placement(.standard, seed: 3).isMirrored)
    for wrong in ["", "128", "160-128", "0-4", "a-b", "1-2-3", "128-9999"] {
      #expect(ScaleJitter(wrong) == nil, "\(wrong)")
    }
  }

  @Test func flipsMayBeSwitchedOff() {
    var augmentation = Augmentation()
    augmentation.flips = false
    for seed in UInt64(0)..<50 {
      let (off, on) = (placement(augmentation, seed: seed), placement(.standard, seed: seed))
      #expect(!off.isMirrored && off.x == on.x && off.width == on.width)
    }
    augmentation.crop = .resized
    #expect((0..<50).allSatisfy { !placement(augmentation, seed: $0).isMirrored })
    augmentation.flips = true
    #expect((0..<50).contains { placement(augmentation, seed: $0).isMirrored })
  }

  @Test func resizedCropsAreWithinTheirRanges() {
    let parts = (0..<2000).map { ResizedCrop(width: 320, height: 240, seed: $0) }
    for part in parts {
      #expect(part.x >= 0 && part.y >= 0)
      #expect(part.x + part.width <= 320 && part.y + part.height <= 240)
      let area = Double(part.width * part.height) / (320 * 240)
      #expect((0.078...1).contains(area))
      #expect((0.735...1.36).contains(Double(part.width) / Double(part.height)))
    }
    let areas = parts.map { Double($0.width * $0.height) / (320 * 240) }
    #expect(areas.contains { $0 < 0.12 } && areas.contains { $0 > 0.9 })
    // A picture that no part of such an aspect fits well: the centre.
    #expect(
      ResizedCrop(centreOf: 1000, 100) == ResizedCrop(centreOf: 1000, 100)
        && ResizedCrop(centreOf: 1000, 100).width == 133
        && ResizedCrop(centreOf: 1000, 100).x == 433)
    #expect(ResizedCrop(centreOf: 90, 400).height == 120)
  }

  /// The part becomes the clip's square: the whole picture is scaled along.
  @Test func aResizedCropFillsTheClip() {
    var augmentation = Augmentation()
    augmentation.crop = .resized
    for seed in UInt64(0)..<100 {
      let part = ResizedCrop(width: 640, height: 480, seed: seed)
      let found = placement(augmentation, seed: seed)
      #expect(found.x >= 0 && found.x + 112 <= found.width)
      #expect(found.y >= 0 && found.y + 112 <= found.height)
      #expect(abs(Double(found.width) - 640 * 112 / Double(part.width)) <= 0.5)
      #expect(abs(Double(found.x) - Double(part.x) * 112 / Double(part.width)) <= 1)
    }
  }

  /// Three planes of two pixels: (1, 0.5, 0) and (0.2, 0.2, 0.2).
  @Test func coloursByHand() {
    func changed(_ change: ColorJitter.Change) -> [Float] {
      var values: [Float] = [1, 0.2, 0.5, 0.2, 0, 0.2]
      values.withUnsafeMutableBufferPointer {
        FrameColors(base: $0.baseAddress!, planeStride: 2, count: 2).apply(change)
      }
      return values
    }
    expectClose(changed(.brightness(1.5)), [1, 0.3, 0.75, 0.3, 0, 0.3], rtol: 1e-6, "brightness")
    // Grey: 0.5924 and 0.19998.
    let (first, second) = (Float(0.5924), Float(0.2 * 0.9999))
    expectClose(
      changed(.saturation(0.5)),
      [
        0.5 + first / 2, 0.1 + second / 2, 0.25 + first / 2, 0.1 + second / 2, first / 2,
        0.1 + second / 2,
      ], rtol: 1e-6, "saturation")
    let mean = (first + second) / 2
    expectClose(
      changed(.contrast(0.25)),
      [1, 0.2, 0.5, 0.2, 0, 0.2].map { 0.25 * $0 + 0.75 * mean }, rtol: 1e-6, "contrast")
  }

  @Test func factorsAndOrderOfColours() throws {
    let jitter = try #require(ColorJitter("0.4,0.25,2"))
    #expect(ColorJitter(jitter.description) == jitter)
    for wrong in ["", "0.4", "0.4,0.4", "a,b,c", "-1,0,0", "0,0,11", "nan,0,0"] {
      #expect(ColorJitter(wrong) == nil, "\(wrong)")
    }
    var orders: Set<String> = []
    for seed in UInt64(0)..<200 {
      let changes = jitter.changes(seed: seed)
      orders.insert(
        changes.map {
          switch $0 {
          case .brightness(let f): (0.6...1.4).contains(f) ? "b" : "?"
          case .contrast(let f): (0.75...1.25).contains(f) ? "c" : "?"
          case .saturation(let f): (0...3).contains(f) ? "s" : "?"
          }
        }.joined())
    }
    #expect(orders == ["bcs", "bsc", "cbs", "csb", "sbc", "scb"])
  }

  /// A clip read with colours that vary is the plain one, changed; with no variation, itself.
  @Test func coloursOfAClip() throws {
    let folder = try TemporaryFolder()
    try makeVideo(folder.file("a.mp4"), times: Array(0..<8)) { frame, x, _ in
      (UInt8(10 * frame), UInt8(x * 8), 100)
    }
    let set = try Dataset.open(
      try folder.write("path,label,split\na.mp4,x,train\na.mp4,y,train\n", to: "l.csv"))
    let geometry = ClipGeometry(frames: 4, frameStride: 1, size: 16)
    func clip(_ color: String?) throws -> [Float] {
      var augmentation = Augmentation()
      augmentation.colorJitter = color.flatMap(ColorJitter.init)
      var floats = [Float](repeating: .nan, count: geometry.floatCount)
      try ClipReader().read(
        set, split: .train, index: 0, view: .train(seed: 5, augment: augmentation),
        geometry: geometry, into: &floats)
      return floats
    }
    let plain = try clip(nil)
    expectClose(try clip("0,0,0"), plain, rtol: 1e-5, atol: 1e-5, "unchanged")
    var expected = plain
    try #require(ColorJitter("0.5,0.5,0.5")).apply(seed: 5, to: &expected, geometry)
    #expect(try clip("0.5,0.5,0.5") == expected)
    #expect(expected != plain)
  }
}
