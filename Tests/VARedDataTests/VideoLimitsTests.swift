// Files that would take too much memory are refused, and the reason names what is too much.

import CFFmpeg
import Foundation
import Testing

@testable import VARedData

@Suite struct VideoLimitsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ path: String, _ limits: VideoLimits = VideoLimits()) throws {
    let geometry = ClipGeometry(frames: 8, frameStride: 1, size: 16)
    var floats = [Float](repeating: 0, count: geometry.floatCount)
    try ClipReader(limits: limits) { false }.read(video: path, .center, geometry, into: &floats)
  }

  private func reason(_ path: String, _ limits: VideoLimits = VideoLimits()) throws -> String {
    try #require(throws: DatasetError.self) { try read(path, limits) }.found
  }

  private var motionJPEG: EncoderSettings {
    var settings = EncoderSettings()
    (settings.codecs, settings.pixelFormat) = (["mjpeg"], AV_PIX_FMT_YUVJ420P)
    settings.reorderedFrames = 0
    return settings
  }

  @Test func picturesLargerThan8KAreRefused() throws {
    let path = folder.file("large.mkv")
    var settings = EncoderSettings()
    (settings.codecs, settings.pixelFormat) = (["png"], AV_PIX_FMT_GRAY8)
    let encoder = try VideoEncoder(path: path, width: 8192, height: 4128, settings: settings)
    let grey = [UInt8](repeating: 90, count: 8192 * 4128 * 3)
    for time in 0..<2 { try encoder.write(grey, at: Int64(time)) }
    try encoder.finish()
    #expect(try reason(path) == "pictures of 8192×4128, more than 33554432 pixels")
    #expect(VideoLimits().excess(width: 7680, height: 4320) == nil)
  }

  /// The container says nothing of the size.
  @Test(arguments: ["pictures.mjpeg", "stream.ts"])
  func theSizeThatPicturesSayIsRefusedToo(name: String) throws {
    let path = folder.file(name)
    var settings = EncoderSettings()
    if name.hasSuffix("mjpeg") {
      settings = motionJPEG
    }
    // FFmpeg rounds widths up, to 64 at most.
    try makeCounter(path, frames: 10, size: 128, settings: settings)
    try read(path, VideoLimits(pixels: 128 * 128))
    let found = try reason(path, VideoLimits(pixels: 128 * 128 - 1))
    #expect(found.contains("128x128") || found.contains("128×128"), "\(found)")
    #expect(found.contains("16383"), "\(found)")
  }

  @Test func aDecoderHoldsABoundedNumberOfBytes() throws {
    let path = folder.file("references.mp4")
    try makeCounter(path, frames: 60, size: 64)
    let picture = 64 * 64 * 3 / 2
    #expect(
      try reason(path, VideoLimits(pictureBytes: 2 * picture))
        == "pictures of 64×64, more than \(2 * picture) bytes of them at a time")
    // All sixty never are in memory together: what is given back is counted no longer.
    try read(path, VideoLimits(pictureBytes: 20 * picture))
  }

  @Test func aPictureThatGrowsIsRefused() throws {
    var bytes = Data()
    for size in [64, 256, 64] {
      let part = folder.file("\(size).mjpeg")
      try makeCounter(part, frames: 12, size: size, settings: motionJPEG)
      bytes += try Data(contentsOf: URL(fileURLWithPath: part))
    }
    let path = folder.file("growing.mjpeg")
    try bytes.write(to: URL(fileURLWithPath: path))
    let (small, large) = (64 * 64 * 3 / 2, 256 * 256 * 3 / 2)
    #expect(
      try reason(path, VideoLimits(pictureBytes: 8 * small))
        == "pictures of 256×256, more than \(8 * small) bytes of them at a time")
    try read(path, VideoLimits(pictureBytes: 3 * large))
  }

  /// libdav1d has memory of its own: the size of a picture is bounded so that ten of them fit.
  @Test(.enabled(if: FFmpegCommand.encoders.contains("libaom-av1"), "no encoder of AV1"))
  func decodersWithMemoryOfTheirOwnAreBounded() throws {
    let path = folder.file("av1.mp4")
    var settings = EncoderSettings()
    settings.codecs = ["libaom-av1"]
    try makeCounter(path, frames: 10, size: 64, settings: settings)
    let picture = 64 * 64 * 3 / 2
    try read(path, VideoLimits(pictureBytes: 12 * picture))
    _ = try reason(path, VideoLimits(pictureBytes: 2 * picture))
  }

  @Test func veryManyPacketsAreRefused() throws {
    let path = folder.file("many.avi")
    var settings = EncoderSettings()
    (settings.codecs, settings.pixelFormat) = (["rawvideo"], AV_PIX_FMT_BGR24)
    try makeVideo(path, width: 2, height: 2, times: Array(0..<5000), settings: settings) {
      _, _, _ in (90, 90, 90)
    }
    try read(path, VideoLimits(packets: 5000))
    #expect(
      try reason(path, VideoLimits(packets: 4999)) == "more than 4999 packets of video")
  }

  /// What a packet takes beside its data counts.
  @Test func smallPacketsAreNotKeptWithoutEnd() throws {
    let path = folder.file("small.avi")
    try makeCounter(path, frames: 50)
    func isKept(_ limits: VideoLimits) throws -> Bool {
      try VideoFile(path: path, limits: limits, deadline: Deadline(seconds: 600) { false }).isKept
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path)).count
    #expect(try isKept(VideoLimits(keptBytes: bytes + 50 * 1024)))
    #expect(try !isKept(VideoLimits(keptBytes: bytes)))
  }
}
