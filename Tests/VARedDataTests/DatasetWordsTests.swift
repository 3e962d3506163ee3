// What is said of a set beside what its lists say: how long videos are, names that are passed over.

import Foundation
import Testing

@testable import VARedData

@Suite struct DatasetWordsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func veryShortAndVeryLongVideosAreSaid() throws {
    try makeCounter(folder.file("usual.mp4"), frames: 25)
    try makeCounter(folder.file("short.mp4"), frames: 5)
    try makeVideo(folder.file("long.mkv"), times: [0, 25 * 700]) { _, _, _ in (9, 9, 9) }
    try folder.write("no video", to: "broken.mp4")
    let names = ["usual.mp4", "short.mp4", "long.mkv", "broken.mp4"]
    let lines = names.map { "\($0),a,train\n" }.joined()
    let set = try Dataset.open(
      try folder.write("path,label,split\n" + lines, to: "list.csv"))
    let sentences = DurationSample(set).sentences
    try #require(sentences.count == 2)
    #expect(
      sentences[0].hasPrefix(
        "1 of 3 videos looked at are shorter than half a second, such as short.mp4 (0.2 s)"))
    #expect(
      sentences[1].hasPrefix(
        "1 of 3 videos looked at are longer than ten minutes, such as long.mkv (11.67 min)"))
    let usual = try Dataset.open(
      try folder.write("path,label,split\nusual.mp4,a,train\n", to: "usual.csv"))
    #expect(DurationSample(usual).sentences.isEmpty)
  }

  @Test func namesThatAreNotUTF8AreCounted() throws {
    try folder.touch("set/train/jump/1.mp4", "set/val/jump/2.mp4", "ids/AB.mp4")
    for place in ["set/train/jump", "set/train/jump", "ids"].enumerated() {
      let name = Array(folder.file(place.element).utf8CString.dropLast())
      let file = name + "/\(place.offset)".utf8CString.dropLast() + [-23, 46, 109, 112, 52, 0]
      let descriptor = open(file, O_CREAT | O_WRONLY, 0o644)
      #expect(descriptor >= 0)
      close(descriptor)
    }
    let set = try Dataset.open(folder.file("set"))
    #expect(set.count(.train) == 1)
    let notes = set.summary.notes.filter { $0.contains("not UTF-8") }
    try #require(notes.count == 1)
    #expect(notes[0].hasPrefix("2 names are not UTF-8 and are passed over, in \(folder.path)"))
    let list = try Dataset.open(
      try folder.write("path,label,split\nAB.mp4,a,train\n", to: "ids/list.csv"))
    #expect(list.summary.notes.contains { $0.hasPrefix("1 name is not UTF-8") })
  }

  @Test func framesThatArePreparedTooSmallAreSaid() throws {
    let sets = try PreparedSets()
    var options = PreparationOptions()
    options.shortSide = 30
    let small = try sets.prepare(options, in: "small").summary
    #expect(small.notes(size: 30) == small.notes)
    let notes = small.notes(size: 56)
    #expect(notes.count == small.notes.count + 1)
    #expect(notes.last?.hasSuffix("prepare the set with --short-side 80 for them") == true)
    options.shortSide = 0
    options.framesFormat = .raw
    let whole = try sets.prepare(options, in: "whole").summary
    #expect(whole.notes(size: 1024) == whole.notes)
  }
}
