// Codec × container × cut × B pictures: the frames we show are those of ffmpeg, bit by bit.

import Foundation
import Testing

@testable import VARedData

/// One row of the table: how to encode, and into what.
private struct Coding: Sendable, CustomTestStringConvertible {
  let encoder: String
  var variant = ""
  var options = ""
  var size = "64x64"
  let containers: [String]
  /// The numbers of B pictures in a row to be tried.
  var between: [Int?] = [nil]
  var testDescription: String { encoder + variant }

  func arguments(between count: Int?) -> [String] {
    let split = options.split(separator: " ").map(String.init)
    return ["-c:v", encoder, "-g", "8"] + split + (count.map { ["-bf", "\($0)"] } ?? [])
  }
}

private let codings: [Coding] = [
  Coding(
    encoder: "libx264", containers: ["mp4", "mov", "mkv", "ts", "flv", "avi"], between: [0, 3]),
  Coding(
    encoder: "libx264", variant: " open", options: "-x264-params open-gop=1",
    containers: ["mp4", "mkv", "ts"], between: [2]),
  Coding(
    encoder: "libx264", variant: " interlaced", options: "-flags +ilme+ildct",
    containers: ["mp4", "ts"], between: [2]),
  Coding(
    encoder: "libx264", variant: " refresh", options: "-x264-params intra-refresh=1",
    containers: ["mp4", "ts"]),
  Coding(
    encoder: "libx265", options: "-preset fast -x265-params log-level=none:keyint=8:min-keyint=8",
    containers: ["mp4", "mkv", "ts"], between: [0, 3]),
  Coding(
    encoder: "libx265", variant: " layers",
    options: "-preset fast -x265-params log-level=none:keyint=8:temporal-layers=3:b-adapt=0",
    containers: ["mp4", "ts"], between: [3]),
  Coding(
    encoder: "mpeg4", containers: ["mp4", "mkv", "avi", "mov", "3gp", "ts"], between: [0, 2]),
  Coding(encoder: "libxvid", containers: ["avi", "mp4"], between: [0, 2]),
  Coding(
    encoder: "mpeg1video", options: "-r 25", containers: ["mpg", "mkv"], between: [0, 2]),
  Coding(encoder: "mpeg2video", containers: ["mpg", "ts", "mkv", "avi"], between: [0, 2]),
  Coding(
    encoder: "mpeg2video", variant: " interlaced", options: "-flags +ilme+ildct",
    containers: ["mpg"], between: [2]),
  Coding(
    encoder: "libvpx", options: "-auto-alt-ref 1 -lag-in-frames 12 -cpu-used 8",
    containers: ["webm"]),
  Coding(
    encoder: "libvpx-vp9", options: "-auto-alt-ref 1 -lag-in-frames 12 -cpu-used 8",
    containers: ["webm", "mp4"]),
  Coding(
    encoder: "libaom-av1", options: "-cpu-used 8 -lag-in-frames 12", containers: ["mp4", "webm"]),
  Coding(encoder: "libsvtav1", options: "-preset 12", containers: ["mkv"]),
  Coding(encoder: "h263", size: "128x96", containers: ["3gp", "avi"]),
  Coding(encoder: "flv", containers: ["flv"]),
  Coding(encoder: "mjpeg", options: "-pix_fmt yuvj420p", containers: ["avi", "mov"]),
  Coding(encoder: "libtheora", containers: ["ogv"]),
  Coding(encoder: "wmv2", containers: ["asf"]),
  Coding(encoder: "msmpeg4", containers: ["avi"]),
  Coding(encoder: "ffv1", containers: ["mkv"]),
]

@Suite struct ShownFramesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: codings)
  private func framesAreThoseOfFFmpeg(coding: Coding) throws {
    guard FFmpegCommand.encoders.contains(coding.encoder) else {
      print("skipped: \(coding): this machine's ffmpeg has no encoder \(coding.encoder)")
      return
    }
    for count in coding.between {
      let files = try makeFiles(coding, between: count)
      let expected = try FFmpegCommand.shownFrames(files.map(\.path))
      for (file, expected) in zip(files, expected) {
        let difference = try difference(file.path, expected)
        #expect(difference == "", "\(file.what) \(file.container), B pictures: \(count ?? 0)")
      }
    }
  }

  /// The table must have been tried: the program is there, and so are the encoders it has itself.
  @Test func ffmpegIsThere() {
    #expect(FFmpegCommand.encoders.isSuperset(of: ["mpeg4", "mpeg2video", "mjpeg", "ffv1"]))
  }

  @Test func packetsAnEditListHidesAreDecoded() throws {
    let coding = Coding(encoder: "mpeg4", containers: ["mp4"])
    let cut = try makeFiles(coding, between: 0).first { $0.what == "cut" }
    let path = try #require(cut).path
    let decoder = try VideoDecoder(path: path, deadline: Deadline(seconds: 600) { false })
    #expect(decoder.file.packets.contains { $0.isDiscarded })
    #expect(decoder.timeline.count < decoder.file.packets.count)
    let difference = try difference(path, FFmpegCommand.shownFrames([path])[0])
    #expect(difference == "")
  }

  private struct MadeFile {
    let what: String
    let container: String
    let path: String
  }

  /// The whole file in each container, a cut without encoding, the same cut encoded again, and,
  /// where a container can be read from any place, its last two thirds and its first.
  private func makeFiles(_ coding: Coding, between count: Int?) throws -> [MadeFile] {
    func name(_ what: String, _ container: String) -> String {
      folder.file("\(coding.encoder)\(count ?? 0)-\(what).\(container)")
    }
    let encode = ["-pix_fmt", "yuv420p"] + coding.arguments(between: count)
    let source = "testsrc2=size=\(coding.size):rate=10:duration=2.4,noise=alls=20"
    // One start of the program for all containers: starting it takes longer than most encoding.
    let outputs = coding.containers.flatMap {
      encode + [name("whole", $0), "-ss", "1.05"] + encode + [name("again", $0)]
    }
    let status = try FFmpegCommand.run(["-f", "lavfi", "-i", source] + outputs)
    #expect(status == 0, "\(coding) does not encode")
    try cut(coding.containers.map { (name("whole", $0), name("cut", $0)) })
    return try coding.containers.flatMap { container in
      var files = ["whole", "cut", "again"]
      if ["ts", "mpg"].contains(container) {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: name("whole", container)))
        let third = bytes.count / 3 / 188 * 188
        try bytes.dropFirst(third).write(to: URL(fileURLWithPath: name("rest", container)))
        try bytes.prefix(2 * third).write(to: URL(fileURLWithPath: name("start", container)))
        files += ["rest", "start"]
      }
      return files.map { MadeFile(what: $0, container: container, path: name($0, container)) }
        .filter { FileManager.default.fileExists(atPath: $0.path) }
    }
  }

  /// Cuts files without encoding; each on its own where one of them cannot be.
  private func cut(_ files: [(whole: String, cut: String)]) throws {
    let inputs = files.flatMap { ["-ss", "1.05", "-i", $0.whole] }
    let outputs = files.enumerated().flatMap { ["-map", "\($0):v", "-c", "copy", $1.cut] }
    guard try FFmpegCommand.run(inputs + outputs) != 0, files.count > 1 else { return }
    for file in files { try cut([file]) }
  }

  /// Compares all frames with ffmpeg's, and windows with all frames. Returns what differs.
  private func difference(_ path: String, _ expected: Data) throws -> String {
    let all: [Data]
    do { all = try frames(path) { Array(0..<$0) } } catch {
      return expected.isEmpty ? "" : "refused: \(error)"
    }
    let size = all.first?.count ?? 1
    let theirs = stride(from: 0, to: expected.count, by: size).map {
      expected[$0..<min($0 + size, expected.count)]
    }
    guard all.count == theirs.count else { return "\(all.count) frames, not \(theirs.count)" }
    let wrong = all.indices.filter { all[$0] != theirs[$0] }
    guard wrong.isEmpty else { return "frames \(wrong) differ" }
    for (first, step) in [(1, 4), (all.count / 2, 2), (all.count - 3, 1), (all.count - 1, 1)] {
      let wanted = stride(from: max(0, first), to: all.count, by: step).prefix(4)
      let window = try frames(path) { _ in Array(wanted) }
      guard window == wanted.map({ all[$0] }) else { return "the window \(Array(wanted)) differs" }
    }
    return ""
  }

  private func frames(_ path: String, choosing: (Int) -> [Int]) throws -> [Data] {
    let decoder = try VideoDecoder(path: path, deadline: Deadline(seconds: 600) { false })
    var frames: [Data] = []
    try decoder.decode { timeline in
      let wanted = choosing(timeline.count)
      frames = Array(repeating: Data(), count: wanted.count)
      return wanted
    } deliver: { place, frame in
      frames[place] = packedPixels(frame)
    }
    return frames
  }
}
