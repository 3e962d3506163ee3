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
      "/home/x/k400/train/jump/a.mp4 0\n/home/x/k400/train/wave/b.mp4 1\n"
        + "/home/x/k400/train/wave/gone.mp4 1\n", to: "lists/train.csv")
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
