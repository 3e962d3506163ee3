// Decoding: the right frames, the right way up, in the right colours, from any kind of file.

import CFFmpeg
import Foundation
import Testing

@testable import VARedData

@Suite struct VideoDecoderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func frames(_ path: String, _ view: View, _ geometry: ClipGeometry) throws -> [Int] {
    try SeenClip(path, view, geometry).frames()
  }

  @Test(arguments: ["mp4", "mkv", "avi", "ts", "mov", "flv"])
  func theWindowsFramesAreTheRightOnes(container: String) throws {
    let path = folder.file("counter." + container)
    try makeCounter(path, frames: 48)
    let geometry = ClipGeometry(frames: 5, frameStride: 3, size: 32)
    #expect(try frames(path, .center, geometry) == [17, 20, 23, 26, 29])
    let last = View.window(index: 1, of: 2, crop: 0, crops: 1)
    #expect(try frames(path, last, geometry) == [35, 38, 41, 44, 47])
  }

  @Test func framesAreCountedWhereTheContainerHasNoTimes() throws {
    let path = folder.file("reordered.avi")
    var settings = EncoderSettings()
    settings.codecs = ["mpeg4"]
    try makeCounter(path, frames: 48, settings: settings)
    let decoder = try VideoDecoder(path: path, deadline: Deadline(seconds: 600) { false })
    #expect(decoder.file.packets.contains { $0.pts == nil } && decoder.timeline.count == 48)
    let geometry = ClipGeometry(frames: 5, frameStride: 3, size: 32)
    #expect(try frames(path, .center, geometry) == [17, 20, 23, 26, 29])
  }

  @Test func decodingStartsAtAKeyFrameOrTheStartAlike() throws {
    let geometry = ClipGeometry(frames: 8, frameStride: 1, size: 32)
    let view = View.window(index: 1, of: 2, crop: 0, crops: 1)
    var settings = EncoderSettings()
    settings.keyFrameInterval = 10
    let path = folder.file("keys.mp4")
    try makeCounter(path, frames: 50, settings: settings)
    let decoder = try VideoDecoder(path: path, deadline: Deadline(seconds: 600) { false })
    #expect(decoder.file.packets.filter(\.picture.isEntry).count >= 5)
    let kept = try SeenClip(path, view, geometry)
    #expect(kept.frames() == Array(42..<50))
    var reread = [Float](repeating: 0, count: geometry.floatCount)
    try ClipReader(limits: VideoLimits(keptBytes: 100)) { false }
      .read(video: path, view, geometry, into: &reread)
    #expect(kept.floats == reread)
  }

  @Test func variableRatesAreStridesInTime() throws {
    let path = folder.file("variable.mkv")
    let times: [Int64] = [0, 1, 2, 3, 4, 5, 6, 7, 11, 15, 19, 23, 27, 30]
    try makeVideo(path, times: times) { frame, _, _ in
      let grey = UInt8(16 + 10 * frame)
      return (grey, grey, grey)
    }
    let clip = try SeenClip(path, .center, ClipGeometry(frames: 3, frameStride: 5, size: 32))
    #expect(clip.frames(step: 10).map { times[$0] } == [2, 15, 27])
  }

  @Test(arguments: 0..<4)
  func rotationIsHonoured(turns: Int) throws {
    let path = folder.file("rotated\(turns).mp4")
    var settings = EncoderSettings()
    settings.quarterTurns = turns
    try makeVideo(path, width: 64, height: 32, times: [0, 1], settings: settings) { _, x, y in
      y < 16 ? (x < 32 ? (200, 30, 30) : (30, 200, 30)) : (x < 32 ? (30, 30, 200) : (200, 200, 200))
    }
    // Corners of the whole picture, clockwise from the top left, before any turn.
    let corners: [[Float]] = [[200, 30, 30], [30, 200, 30], [200, 200, 200], [30, 30, 200]]
    for (crop, places) in [(0, [(4, 4), (4, 4)]), (2, [(27, 27), (27, 27)])] {
      let view = View.window(index: 0, of: 1, crop: crop, crops: 3)
      let clip = try SeenClip(path, view, ClipGeometry(frames: 2, frameStride: 1, size: 32))
      let corner = crop == 0 ? 0 : 2
      let expected = corners[(corner + 4 - turns) % 4]
      for (frame, place) in places.enumerated() {
        let seen = clip.pixel(frame, y: place.0, x: place.1)
        #expect(close(seen, expected, within: 12), "\(turns) turns, crop \(crop): \(seen)")
      }
    }
  }

  @Test func aMirroredClipIsTheMirrorImage() throws {
    let path = folder.file("sides.mp4")
    try makeVideo(path, times: [0]) { _, x, _ in x < 16 ? (220, 40, 40) : (40, 40, 220) }
    let geometry = ClipGeometry(frames: 1, frameStride: 1, size: 24)
    let views = (0..<40).map { View.train(seed: $0, augment: .standard) }
    for view in views {
      let mirrored = CropPlacement(width: 32, height: 32, view: view, size: 24).isMirrored
      let red = try SeenClip(path, view, geometry).pixel(0, y: 12, x: mirrored ? 23 : 0)
      #expect(close(red, [220, 40, 40], within: 12), "\(view): \(red)")
    }
  }

  struct Kind: Sendable, CustomTestStringConvertible {
    let name: String
    let codecs: [String]
    let format: AVPixelFormat
    var size = (width: 32, height: 32)
    var testDescription: String { name }
  }

  static let kinds = [
    Kind(name: "h264.mp4", codecs: ["libx264", "mpeg4"], format: AV_PIX_FMT_YUV420P),
    Kind(name: "odd.mkv", codecs: ["ffv1"], format: AV_PIX_FMT_YUV420P, size: (33, 47)),
    Kind(name: "ten-bit.mkv", codecs: ["ffv1"], format: AV_PIX_FMT_YUV420P10LE),
    Kind(name: "rgb.mkv", codecs: ["ffv1"], format: AV_PIX_FMT_BGR0),
    Kind(name: "rgb.mp4", codecs: ["libx264rgb"], format: AV_PIX_FMT_RGB24),
    Kind(name: "alpha.mkv", codecs: ["ffv1"], format: AV_PIX_FMT_YUVA420P),
    Kind(name: "jpeg.avi", codecs: ["mjpeg"], format: AV_PIX_FMT_YUVJ420P),
    Kind(
      name: "large.mp4", codecs: ["libx264", "mpeg4"], format: AV_PIX_FMT_YUV420P,
      size: (640, 360)),
  ]

  @Test(arguments: kinds)
  func solidColoursComeThrough(kind: Kind) throws {
    let path = folder.file(kind.name)
    var settings = EncoderSettings()
    (settings.codecs, settings.pixelFormat) = (kind.codecs, kind.format)
    settings.reorderedFrames = 0
    for colour in [(200, 40, 60), (20, 180, 90), (40, 70, 210), (255, 255, 255)] as [RGB] {
      try makeVideo(
        path, width: kind.size.width, height: kind.size.height, times: [0, 1, 2],
        settings: settings
      ) { _, _, _ in colour }
      let clip = try SeenClip(path, .center, ClipGeometry(frames: 2, frameStride: 1, size: 32))
      let expected = [Float(colour.0), Float(colour.1), Float(colour.2)]
      for (y, x) in [(0, 0), (15, 17), (31, 31)] {
        let seen = clip.pixel(1, y: y, x: x)
        #expect(close(seen, expected, within: 4), "\(kind.name): \(seen) for \(expected)")
      }
    }
  }

  @Test(arguments: [("grey.mkv", AV_PIX_FMT_GRAY8), ("grey10.mkv", AV_PIX_FMT_GRAY10LE)])
  func greyPicturesAreGrey(name: String, format: AVPixelFormat) throws {
    var settings = EncoderSettings()
    (settings.codecs, settings.pixelFormat) = (["ffv1"], format)
    try makeCounter(folder.file(name), frames: 10, step: 20, settings: settings)
    let geometry = ClipGeometry(frames: 5, frameStride: 2, size: 16)
    let clip = try SeenClip(folder.file(name), .center, geometry)
    #expect(clip.frames(step: 20) == [0, 2, 4, 6, 8])
    let pixel = clip.pixel(2, y: 3, x: 3)
    #expect(close(pixel, [96, 96, 96], within: 3), "\(pixel)")
  }

  @Test func aShortVideoIsLooped() throws {
    let path = folder.file("short.mp4")
    try makeCounter(path, frames: 3, step: 40)
    let clip = try SeenClip(path, .center, ClipGeometry(frames: 8, frameStride: 1, size: 32))
    #expect(clip.frames(step: 40) == [0, 1, 2, 0, 1, 2, 0, 1])
  }

  @Test func aCutFileGivesWhatItHas() throws {
    let path = folder.file("whole.ts")
    try makeVideo(path, width: 64, height: 64, times: (0..<40).map { $0 }) { frame, x, y in
      let grey = UInt8((frame * 5 + x * 7 + y * 11) % 256)
      return (grey, grey, grey)
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: folder.file("cut.ts")))
    let decoder = try VideoDecoder(
      path: folder.file("cut.ts"), deadline: Deadline(seconds: 600) { false })
    #expect((5..<35).contains(decoder.timeline.count))
    let clip = try SeenClip(
      folder.file("cut.ts"), .center, ClipGeometry(frames: 4, frameStride: 1, size: 32))
    #expect(clip.floats.allSatisfy { $0.isFinite })
  }

  @Test func damagedBytesNeverStopARead() throws {
    let path = folder.file("good.mp4")
    try makeVideo(path, width: 64, height: 64, times: (0..<30).map { $0 }) { frame, x, y in
      (UInt8((x * 3 + frame * 4) % 256), UInt8(y * 4), UInt8((x + y) % 256))
    }
    let good = try Data(contentsOf: URL(fileURLWithPath: path))
    let damaged = folder.file("damaged.mp4")
    let geometry = ClipGeometry(frames: 8, frameStride: 2, size: 32)
    var (read, refused) = (0, 0)
    for seed in 0..<150 {
      var random = SplitMix64(seed: UInt64(seed))
      var bytes = good
      for _ in 0...random.below(40) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
      if seed % 3 == 0 { bytes = bytes.prefix(random.below(bytes.count)) }
      try bytes.write(to: URL(fileURLWithPath: damaged))
      do {
        let clip = try SeenClip(damaged, .train(seed: UInt64(seed), augment: .standard), geometry)
        #expect(clip.floats.allSatisfy { $0.isFinite })
        read += 1
      } catch let error as DatasetError {
        #expect(!error.found.isEmpty && !error.found.contains("\n"))
        refused += 1
      }
    }
    #expect(read > 10 && refused > 10, "\(read) read, \(refused) refused")
  }

  @Test func whatIsNoVideoIsRefusedWithItsReason() throws {
    func reason(_ path: String) throws -> String {
      try #require(throws: DatasetError.self) {
        try SeenClip(path, .center, ClipGeometry(frames: 2, frameStride: 1, size: 32))
      }.found
    }
    #expect(try reason(folder.file("none.mp4")) == "no such file or directory")
    #expect(try reason(folder.path) == "a folder")
    #expect(try reason(try folder.write("", to: "empty.mp4")) == "an empty file")
    #expect(try reason(try folder.write("not a video", to: "text.mp4")).contains("no video"))
    #expect(try reason(try folder.write("hello", to: "art.txt")).contains("no video"))
    #expect(try reason(try folder.write("#EXTM3U\nb.ts\n", to: "l.m3u8")).contains("no video"))
    #expect(try reason("http://127.0.0.1/a.mp4") == "no such file or directory")
    #expect(mkfifo(folder.file("pipe.mp4"), 0o600) == 0)
    #expect(try reason(folder.file("pipe.mp4")) == "a device, pipe or socket")
  }

  @Test func aReadCanBeCalledOff() throws {
    let path = folder.file("long.mp4")
    try makeCounter(path, frames: 50)
    var floats = [Float](repeating: 0, count: 3 * 32 * 32)
    let reader = ClipReader(limits: VideoLimits()) { true }
    let error = try #require(throws: DatasetError.self) {
      try reader.read(
        video: path, .center, ClipGeometry(frames: 1, frameStride: 1, size: 32), into: &floats)
    }
    #expect(error.description.contains("long.mp4: expected a video that decodes, found"))
  }

  private func close(_ seen: [Float], _ expected: [Float], within tolerance: Float) -> Bool {
    zip(seen, expected).allSatisfy { abs($0 - $1) <= tolerance }
  }
}
