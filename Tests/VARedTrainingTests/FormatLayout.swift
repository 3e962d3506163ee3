// Small data sets as people have them: lists, files, and, written down by hand, what is in them.

import Foundation
import Testing

/// A data set in a layout, and what a person who knows the format reads in it.
struct FormatLayout: Sendable, CustomTestStringConvertible {
  /// A clip that is there: its path below the set's folder, and its labels.
  struct Clip: Sendable {
    /// With a last `/`: a folder of numbered pictures.
    let path: String
    let labels: [String]

    init(_ path: String, _ labels: String...) { (self.path, self.labels) = (path, labels) }
  }

  /// What the test is called.
  let name: String
  /// What `--data` names, below the set's folder; empty: the folder itself.
  let data: String
  /// What `--videos` names; nil: nothing.
  var videos: String?
  /// What `check` calls the form.
  let format: String
  /// Text of every list by its path.
  let lists: [String: String]
  /// In the order of the labels.
  let classes: [String]
  let train: [Clip]
  var val: [Clip] = []
  /// Parts of the paths of videos that are listed and not there, by split.
  var missing: [String: [String]] = [:]
  /// What pictures in folders are called: a format of their number; `ID` is the folder's name.
  var pictures = "%05d.jpg"
  var isMultiLabel = false

  var testDescription: String { name }

  /// Lays the set out in `folder`: its lists and its clips.
  func write(to folder: String) throws {
    for (path, text) in lists {
      try Self.makeParent(of: "\(folder)/\(path)")
      try text.write(toFile: "\(folder)/\(path)", atomically: true, encoding: .utf8)
    }
    for clip in train + val {
      try Self.makeParent(of: "\(folder)/\(clip.path)")
      try TinyVideos.shared.get().put("\(folder)/\(clip.path)", pictures: pictures)
    }
  }

  private static func makeParent(of path: String) throws {
    let path = path.hasSuffix("/") ? String(path.dropLast()) : path
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
  }
}

/// Videos of 12 frames of 32×32 in the containers that sets have, and their frames as pictures,
/// made once by the program `ffmpeg`.
struct TinyVideos: Sendable {
  static let shared = Result { try TinyVideos() }
  private static let frames = 12
  private var folder: String { videosFolder }

  private init() throws {
    try FileManager.default.createDirectory(atPath: videosFolder, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(atPath: videosFolder) }
    let source = ["-f", "lavfi", "-i", "testsrc=size=32x32:rate=12:duration=1"]
    let codecs = [
      "mp4": "mpeg4", "avi": "mpeg4", "mkv": "mpeg4", "mov": "mjpeg", "webm": "libvpx",
    ]
    for (container, codec) in codecs {
      try ffmpeg(
        source + ["-c:v", codec, "-pix_fmt", codec == "mjpeg" ? "yuvj420p" : "yuv420p"]
          + ["\(folder)/a.\(container)"])
    }
    try ffmpeg(source + ["\(folder)/%05d.jpg"])
  }

  private func ffmpeg(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["ffmpeg", "-v", "error", "-y", "-nostdin"] + arguments
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "ffmpeg \(arguments)")
  }

  /// Puts a video at `path`, in the container that its extension says; a path that ends in `/` gets
  /// a folder of pictures.
  func put(_ path: String, pictures: String) throws {
    let files = FileManager.default
    guard path.hasSuffix("/") else {
      let container = (path as NSString).pathExtension.lowercased()
      return try files.linkItem(atPath: "\(folder)/a.\(container)", toPath: path)
    }
    try files.createDirectory(atPath: path, withIntermediateDirectories: true)
    let format = pictures.replacingOccurrences(of: "ID", with: (path as NSString).lastPathComponent)
    for frame in 1...Self.frames {
      try files.linkItem(
        atPath: "\(folder)/\(String(format: "%05d.jpg", frame))",
        toPath: path + String(format: format, frame))
    }
  }
}

/// The folder of the videos, which goes when the tests end.
private let videosFolder = NSTemporaryDirectory() + "vared-tiny-videos-\(getpid())"
