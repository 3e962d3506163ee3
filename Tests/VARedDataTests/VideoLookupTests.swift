// Where videos are looked for, what is said about those that are not there, and what is refused.

import Foundation
import Testing

@testable import VARedData

@Suite struct VideoLookupTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func refusal(_ name: String, videos: String? = nil) throws -> DatasetError {
    try #require(throws: DatasetError.self) {
      try Dataset.open(folder.file(name), videos: videos)
    }
  }

  @Test func pathsOfAnotherMachineAreFoundBelowTheGivenFolder() throws {
    try folder.touch("data/jump/a.mp4", "data/wave/b.mp4")
    let list = try folder.write(
      "/elsewhere/sets/k400/train/jump/a.mp4 0\n/elsewhere/sets/k400/train/wave/b.mp4 1\n"
        + "/elsewhere/sets/k400/train/wave/gone.mp4 1\n", to: "lists/train.csv")
    let set = try Dataset.open(list, videos: folder.file("data"))
    #expect(set.count(.train) == 2)
    #expect(set.summary.missing == [MissingClip(path: "wave/gone.mp4", split: .train)])
  }

  @Test func aWrongRootIsSaidInOneLine() throws {
    try folder.touch("videos/jump/a.mp4")
    try folder.write("jump/a.mp4 0\njump/b.mp4 0\n", to: "lists/train.txt")
    let error = try refusal("lists/train.txt")
    #expect(error.line == 1 && error.found.contains("none of 2"))
    #expect(error.found.contains(folder.file("lists/jump/a.mp4")))
    #expect(error.found.contains("give --videos"))
    #expect(!error.description.contains("\n"))
    #expect(
      try refusal("lists/train.txt", videos: folder.file("none")).remedy == "check --videos")
  }

  @Test(arguments: [
    ("jump/a.mkv", "another extension"), ("Jump/a.mp4", "capitals"), ("jump/A.mp4", "capitals"),
  ])
  func nearMissesAreNamed(there: String, how: String) throws {
    try folder.touch(there)
    try folder.write("jump/a.mp4 0\n", to: "train.txt")
    #expect(try refusal("train.txt").found.contains(how))
  }

  @Test func unicodeNamesAreFoundHoweverTheyAreEncoded() throws {
    try folder.touch("saute\u{301}.mp4")
    let set = try Dataset.open(try folder.write("saut\u{e9}.mp4 0\n", to: "train.txt"))
    #expect(set.count(.train) == 1)
  }

  /// A file system has both.
  @Test func namesOfTheSameTextAreTwoFiles() throws {
    try folder.touch("set/a/saut\u{e9}.mp4", "set/a/saute\u{301}.mp4", "set/b/c.mp4")
    let found = try FileManager.default.contentsOfDirectory(atPath: folder.file("set/a")).count
    guard found == 2 else { return }  // Some file systems have one name for both.
    let set = try Dataset.open(folder.file("set"))
    #expect(set.count(.train) == 3)
    #expect(Set((0..<3).map { Array(set.name(.train, $0).utf8) }).count == 3)
    #expect(set.reads(folder.file("set/a/saute\u{301}.mp4")))
    #expect(!set.reads(folder.file("set/a/none.mp4")))
    let link = folder.file("report.csv")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: folder.file("set/b/c.mp4"))
    #expect(set.reads(link))
  }

  @Test func linksAreFollowedAndDeadOnesAreMissing() throws {
    try folder.touch("real/a.mp4")
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: folder.file("jump"), withDestinationPath: folder.file("real"))
    try manager.createSymbolicLink(
      atPath: folder.file("dead.mp4"), withDestinationPath: folder.file("nowhere.mp4"))
    let set = try Dataset.open(try folder.write("jump/a.mp4 0\ndead.mp4 0\n", to: "train.txt"))
    #expect(set.count(.train) == 1 && set.summary.missing.map(\.path) == ["dead.mp4"])
  }

  @Test func duplicatesAndConflictsAreSaid() throws {
    try folder.touch("v/a.mp4", "v/b.mp4")
    try folder.write(
      "path,label,split\nv/a.mp4,a,train\nv/b.mp4,b,train\n./v/a.mp4,a,train\nv/a.mp4,b,train\n"
        + "v/a.mp4,a,val\n", to: "l.csv")
    let notes = try Dataset.open(folder.file("l.csv")).summary.notes
    #expect(notes.contains { $0.contains("1 videos are listed more than once in train") })
    #expect(notes.contains { $0.contains("1 videos are listed with conflicting labels") })
    #expect(notes.contains { $0.contains("1 videos are in train and in val") })
    #expect(notes.contains { $0.contains("no clip in val, the first 'b'") })
  }

  @Test func otherEncodingsAreNamedWithTheCommand() throws {
    let text = "path,label,split\na.mp4,saut\u{e9},train\n"
    func write(_ encoding: String.Encoding, _ name: String) throws {
      try #require(text.data(using: encoding)).write(to: URL(fileURLWithPath: folder.file(name)))
    }
    try write(.isoLatin1, "latin.csv")
    let latin = try refusal("latin.csv")
    #expect(latin.line == 2 && latin.remedy.contains("iconv -f WINDOWS-1252 -t UTF-8"))
    try write(.utf16, "wide.csv")
    #expect(try refusal("wide.csv").remedy.contains("iconv -f UTF-16 "))
    try write(.utf16LittleEndian, "le.csv")
    #expect(try refusal("le.csv").remedy.contains("iconv -f UTF-16LE "))
  }

  @Test(arguments: [
    ("original_vido_id video_id frame_id path labels\nA A 0 A/a.jpg 1\n", "SlowFast's frame list"),
    ("-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,80,1\n", "AVA"),
    ("<html><body>404</body></html>\n", "XML or HTML"),
    ("{\"videos\": 3}\n", "JSON"),
  ])
  func otherFormsAreRefusedByName(text: String, name: String) throws {
    try folder.write(text, to: "list.json")
    try folder.write(text, to: "list.csv")
    for file in ["list.json", "list.csv"] {
      let error = try refusal(file)
      #expect(error.found.contains(name) || error.expected.contains(name), "\(error)")
    }
  }
}

/// Layouts in which a video of the same name lies in several places.
@Suite struct VideoLookupPlacesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func paths(_ set: Dataset, _ split: Split) -> [String] {
    (0..<set.count(split)).compactMap { index in
      guard case .video(let path) = set.source(split, index) else { return nil }
      return path.replacingOccurrences(of: folder.path + "/", with: "")
    }
  }

  @Test func aMissingVideoIsNotTakenFromAnotherClass() throws {
    try folder.touch("v/jump/1.mp4", "v/jump/2.mp4", "v/run/1.mp4")
    try folder.write(
      "jump/1.mp4 jump\njump/2.mp4 jump\nrun/1.mp4 run\nrun/2.mp4 run\n", to: "lists/train.txt")
    let set = try Dataset.open(folder.file("lists/train.txt"), videos: folder.file("v"))
    #expect(paths(set, .train) == ["v/jump/1.mp4", "v/jump/2.mp4", "v/run/1.mp4"])
    #expect(set.summary.missing.map(\.path) == ["run/2.mp4"])
  }

  @Test func bareNamesAreReadFromTheirSplitsFolder() throws {
    try folder.touch("v/train/1.mp4", "v/train/2.mp4", "v/val/1.mp4")
    try folder.write("1.mp4 a\n2.mp4 b\n", to: "train.txt")
    try folder.write("1.mp4 a\n", to: "val.txt")
    try folder.write("3.mp4\n", to: "test.txt")
    let set = try Dataset.open(folder.file("val.txt"), videos: folder.file("v"))
    #expect(paths(set, .train) == ["v/train/1.mp4", "v/train/2.mp4"])
    #expect(paths(set, .val) == ["v/val/1.mp4"])
    #expect(set.summary.notes.contains { $0.contains("1 test clips are left out") })
  }

  @Test func oneVideoOfALongListIsFound() throws {
    try folder.touch("v/c/777.mp4")
    let lines = (0..<2000).map { "c/\($0).mp4 x\n" }.joined()
    try folder.write(lines, to: "train.txt")
    let set = try Dataset.open(folder.file("train.txt"), videos: folder.file("v"))
    #expect(paths(set, .train) == ["v/c/777.mp4"] && set.summary.missing.count == 1999)
  }

  @Test func foldersAreNotLeftOutWhereThatMixesClipsUp() throws {
    try folder.touch("v/1.mp4", "v/2.mp4")
    try folder.write("jump/1.mp4 jump\nrun/1.mp4 run\nrun/2.mp4 run\n", to: "train.txt")
    #expect(throws: DatasetError.self) {
      try Dataset.open(folder.file("train.txt"), videos: folder.file("v"))
    }
  }

  @Test func foldersOfValAndTestAloneAreSplits() throws {
    try folder.touch("set/val/jump/1.mp4", "set/val/run/1.mp4", "set/test/jump/2.mp4")
    let set = try Dataset.open(folder.file("set"))
    #expect(set.classes == ["jump", "run"] && set.count(.train) == 0 && set.count(.val) == 2)
  }

  @Test func aColumnOfLabelsIsMultiLabelWhateverItHolds() throws {
    try folder.touch("1.mp4", "2.mp4", "3.mp4")
    try folder.write("path,labels,split\n1.mp4,x,train\n2.mp4,,train\n3.mp4,,test\n", to: "l.csv")
    let set = try Dataset.open(folder.file("l.csv"))
    #expect(set.isMultiLabel && set.labels(.train, 1) == [] && set.count(.val) == 0)
  }

  @Test func unknownSplitsAreRefused() throws {
    try folder.write(
      "label,youtube_id,time_start,time_end,split\nx,aaaaaaaaaaa,0,10,holdout\n", to: "k.csv")
    let error = #expect(throws: DatasetError.self) { try Dataset.open(folder.file("k.csv")) }
    #expect(error?.line == 2 && error?.found == "'holdout'")
  }

  @Test func bothListsMayHaveASplitColumn() throws {
    try folder.touch("1.mp4", "2.mp4")
    try folder.write("path,label,split\n1.mp4,x,train\n", to: "train.csv")
    try folder.write("path,label,split\n2.mp4,x,val\n", to: "val.csv")
    let set = try Dataset.open(folder.file("train.csv"))
    #expect(set.count(.train) == 1 && set.count(.val) == 1)
  }

  @Test func blanksInQuotesBelongToTheName() throws {
    try folder.touch(" b.mp4", "c .mp4 ")
    try folder.write("path,label\n\" b.mp4\",x\n\"c .mp4 \",\"two\nlines\"\n", to: "l.csv")
    let set = try Dataset.open(folder.file("l.csv"))
    #expect(paths(set, .train) == [" b.mp4", "c .mp4 "] && set.classes == ["two lines", "x"])
  }

  @Test func opticalFlowBesideFramesIsNotShown() throws {
    try folder.touch(
      "a/img_00001.jpg", "a/img_00002.jpg", "a/flow_x_00001.jpg", "a/flow_y_00001.jpg")
    let frames = try FrameFolder(folder.file("a")).pictures.map(\.lastComponent)
    #expect(frames == ["img_00001.jpg", "img_00002.jpg"])
    try folder.touch("b/flow_x_1.jpg", "b/flow_y_1.jpg")
    #expect(throws: DatasetError.self) { try FrameFolder(folder.file("b")) }
  }

  @Test func aFolderWithAnotherManifestIsAFolder() throws {
    try folder.touch("set/jump/1.mp4")
    try folder.write("{\"format\":\"other\"}", to: "set/manifest.json")
    #expect(try Dataset.open(folder.file("set")).classes == ["jump"])
  }
}

/// Clips that lie as pictures in folders.
@Suite struct FrameFolderTests {
  /// The frames of a folder are those of the video they were taken from.
  @Test(arguments: ["jpg", "png", "bmp"])
  func framesAreRead(kind: String) throws {
    let folder = try TemporaryFolder()
    try folder.make("clip")
    let made = try FFmpegCommand.run([
      "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=8:duration=1", "-q:v", "1",
      folder.file("clip/%05d." + kind),
    ])
    #expect(made == 0)
    _ = try FFmpegCommand.run([
      "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=8:duration=1", "-c:v", "ffv1", "-pix_fmt",
      "bgr0", folder.file("video.mkv"),
    ])
    let geometry = ClipGeometry(frames: 4, frameStride: 2, size: 64)
    var (frames, video) = ([Float](repeating: 0, count: geometry.floatCount), [Float]())
    video = frames
    try ClipReader().read(frames: folder.file("clip"), .center, geometry, into: &frames)
    try ClipReader().read(video: folder.file("video.mkv"), .center, geometry, into: &video)
    let error = zip(frames, video).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(frames.count)
    #expect(error < 0.1, "\(kind): \(error)")
    // Another second of the video is further away than that.
    let shifted = zip(frames.dropFirst(64), video).reduce(0) { $0 + abs($1.0 - $1.1) }
    #expect(shifted / Float(frames.count) > 0.1)
  }
}
