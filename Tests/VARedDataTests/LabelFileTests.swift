// Label files: both forms, quoting, and one clear error for everything that can be wrong.

import Foundation
import Testing

@testable import VARedData

@Suite struct LabelFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func refusal(_ text: String) throws -> DatasetError {
    let path = try folder.write(text, to: "labels.csv")
    return try #require(throws: DatasetError.self) { try Dataset.open(path) }
  }

  @Test func csvWithHeader() throws {
    try folder.touch("b/two words.mp4", "a, b.mp4", "abs/c.mp4")
    let path = try folder.write(
      "\u{FEFF}path,label,split\r\nb/two words.mp4,walk,train\r\n\r\n"
        + "\"a, b.mp4\",run,train\r\n\(folder.file("abs/c.mp4")),walk,val\r\n", to: "labels.csv")
    let set = try Dataset.open(path)
    #expect(set.classes == ["run", "walk"])
    #expect(set.count(.train) == 2 && set.count(.val) == 1)
    #expect(set.name(.train, 0) == "b/two words.mp4" && set.label(.train, 0) == 1)
    #expect(set.name(.train, 1) == "a, b.mp4" && set.label(.train, 1) == 0)
    #expect(videoPath(set, .train, 0) == folder.file("b/two words.mp4"))
    #expect(videoPath(set, .val, 0) == folder.file("abs/c.mp4"))
  }

  @Test func columnsMayComeInAnyOrder() throws {
    try folder.touch("a", "b")
    let path = try folder.write("split,fps,Label,Path\nval,25,x,a\ntrain,25,x,b\n", to: "l.csv")
    let set = try Dataset.open(path)
    #expect(set.name(.train, 0) == "b" && set.name(.val, 0) == "a")
  }

  @Test func linesOfPathAndLabel() throws {
    try folder.touch("some dir/a.mp4", "b.mp4", "c.mp4")
    try folder.write("some dir/a.mp4 10\nb.mp4\t9\n", to: "kinetics_train_list.txt")
    try folder.write("c.mp4 010\n", to: "kinetics_val_list.txt")
    for name in ["kinetics_train_list.txt", "kinetics_val_list.txt"] {
      let set = try Dataset.open(folder.file(name))
      #expect(set.classes == ["9", "10"])
      #expect(set.name(.train, 0) == "some dir/a.mp4" && set.label(.train, 0) == 1)
      #expect(set.label(.train, 1) == 0)
      #expect(set.count(.val) == 1 && set.label(.val, 0) == 1)
    }
  }

  @Test func aSingleListIsTraining() throws {
    try folder.touch("a.mp4")
    let set = try Dataset.open(try folder.write("a.mp4 jump\n", to: "trained.txt"))
    #expect(set.count(.train) == 1 && set.count(.val) == 0)
    let csv = try Dataset.open(try folder.write("path,label\na.mp4,jump\n", to: "some.csv"))
    #expect(csv.count(.train) == 1 && csv.classes == ["jump"])
  }

  @Test func aFileOfValOnlyOpens() throws {
    try folder.touch("a")
    let set = try Dataset.open(try folder.write("path,label,split\na,x,val\n", to: "v.csv"))
    #expect(set.count(.train) == 0 && set.count(.val) == 1)
  }

  @Test func aMissingFileIsNamed() throws {
    let path = folder.file("none.csv")
    let error = try #require(throws: DatasetError.self) { try Dataset.open(path) }
    #expect(
      error.description == "\(path): expected a label file or an HDF5 file of clips, "
        + "found no such file or directory; check the path")
  }

  @Test func aFolderIsRefused() throws {
    let path = folder.path
    let error = try #require(throws: DatasetError.self) { try Dataset.open(path) }
    #expect(error.found.contains("folder") && error.remedy.contains("labels.csv"))
  }

  @Test(arguments: [
    "path,label;split", "path;label,split", "Path\tlabel,split", "file_name, label;x",
  ])
  func headersWithSeveralSeparatorsAreRefused(header: String) throws {
    let said = try refusal(header + "\nok.mp4,a,train\nok.mp4,b,train\n")
    #expect(said.line == 1 && said.found.contains("a header with several separators"), "\(said)")
  }

  @Test func pathsLongerThanTheSystemTakesAreRefused() throws {
    let long = String(repeating: "x", count: 1_000_000)
    for text in ["path,label,split\n\(long).mp4,a,train\n", "a.mp4 0\n\(long).mp4 1\n"] {
      let said = try refusal(text)
      #expect(said.line == 2 && said.description.utf8.count < 500, "\(said.found.prefix(200))")
    }
  }

  @Test func whatIsTooLongForAListIsNotRead() throws {
    let path = try folder.write("path,label\n", to: "labels.csv")
    #expect(truncate(path, 3 << 30) == 0)
    let error = #expect(throws: DatasetError.self) { try Dataset.open(path) }
    #expect(error?.description.contains("expected a list of at most 268435456 bytes") == true)
  }

  @Test(arguments: ["", "\n \n", "path,label,split\n"])
  func emptyFilesAreRefused(text: String) throws {
    #expect(try refusal(text).description.contains("at least one clip, found none"))
  }

  @Test func aPipeIsRefusedWithoutWaiting() throws {
    let path = folder.file("pipe")
    #expect(mkfifo(path, 0o600) == 0)
    let error = try #require(throws: DatasetError.self) { try Dataset.open(path) }
    #expect(error.found.contains("pipe"))
  }

  @Test func aVideoIsNoLabelFile() throws {
    let path = folder.file("video.mp4")
    try makeCounter(path, frames: 2)
    let error = try #require(throws: DatasetError.self) { try Dataset.open(path) }
    #expect(error.remedy == "name the list of videos, not a video")
  }

  @Test func malformedLinesAreNamed() throws {
    let fields = try refusal("path,label,split\na,x,train\nb,x\n")
    #expect(fields.line == 3 && fields.description.contains("3 fields as in the header, found 2"))
    #expect(fields.description.contains("labels.csv:3:"))
    let quote = try refusal("path,label,split\n\"a,x,train\n")
    #expect(quote.line == 2 && quote.found.contains("quote"))
    let split = try refusal("path,label,split\na,x,part3\n")
    #expect(split.line == 2 && split.found == "'part3'")
    let label = try refusal("path,label,split\na,,train\n")
    #expect(label.line == 2 && label.found == "no label")
    let list = try refusal("a.mp4 1\nb.mp4\n")
    #expect(list.line == 2 && list.found == "'b.mp4'")
    let header = try refusal("a,x y;train,z\nb\n")
    #expect(header.line == 1 && header.remedy.contains("header such as path,label,split"))
  }

  @Test func aClassOnlyInValIsNamed() throws {
    let error = try refusal("path,label,split\na,x,train\nb,x,val\nc,y,val\n")
    #expect(error.line == 4 && error.found == "class 'y' in val only")
  }

  private func videoPath(_ set: Dataset, _ split: Split, _ index: Int) -> String? {
    guard case .video(let path) = set.source(split, index) else { return nil }
    return path
  }
}
