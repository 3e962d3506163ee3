// Animated pictures in memory: whole files, shown again and again.

import Foundation
import Testing

@testable import VARedData

@Suite struct AnimationTests {
  /// Pictures of one colour each.
  private func pictures(_ count: Int, side: Int) -> [[UInt8]] {
    (0..<count).map { [UInt8](repeating: UInt8(40 + 60 * $0), count: 3 * side * side) }
  }

  @Test func aGIFHasItsPictures() throws {
    let folder = try TemporaryFolder()
    let animation = try EncodedAnimation(
      pictures(3, side: 17), width: 17, height: 17, framesPerSecond: 5, form: .gif)
    #expect(animation.mediaType == "image/gif")
    #expect(animation.bytes.starts(with: Array("GIF89a".utf8)))
    // Netscape's extension with the count 0: for ever.
    let loop = Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
    #expect(Data(animation.bytes).range(of: Data(loop)) != nil)
    try Data(animation.bytes).write(to: URL(fileURLWithPath: folder.file("a.gif")))
    let decoder = try VideoDecoder(
      path: folder.file("a.gif"), limits: VideoLimits(), deadline: Deadline(seconds: 600) { false })
    #expect(decoder.timeline.count == 3)
  }

  @Test func aJPEGIsOnePicture() throws {
    let picture = try EncodedAnimation(
      pictures(1, side: 48), width: 48, height: 48, framesPerSecond: 1, form: .jpeg)
    #expect(picture.mediaType == "image/jpeg")
    #expect(
      picture.bytes.starts(with: [0xFF, 0xD8, 0xFF]) && picture.bytes.suffix(2) == [0xFF, 0xD9])
  }

  /// Where FFmpeg has WebP's encoder.
  @Test func theBestFormIsAWholeFile() throws {
    let animation = try EncodedAnimation(
      pictures(4, side: 32), width: 32, height: 32, framesPerSecond: 5)
    guard animation.mediaType == "image/webp" else {
      #expect(animation.mediaType == "image/gif")
      return
    }
    let bytes = animation.bytes
    #expect(bytes.starts(with: Array("RIFF".utf8)) && bytes[8..<12].elementsEqual("WEBP".utf8))
    let size = (0..<4).reduce(0) { $0 + Int(bytes[4 + $1]) << (8 * $1) }
    #expect(size + 8 == bytes.count)
    let chunk = try #require(Data(bytes).range(of: Data("ANIM".utf8)))
    // Colour of the background, then how often: 0, for ever.
    #expect(bytes[(chunk.upperBound + 8)..<(chunk.upperBound + 10)].elementsEqual([0, 0]))
    let frames = Data(bytes).split(separator: Data("ANMF".utf8)).count - 1
    #expect(frames == 4)
  }
}
