// Files that commands write where the user says: nothing that is read, or open, is lost.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport
import VARedData

@testable import VARedTraining

@Suite struct OutputFileTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private func refusal(_ path: String, beside inputs: [String] = []) -> String? {
    do {
      try OutputFiles.requireWritable(path, beside: inputs)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func placesWithoutANameAreRefused() throws {
    #expect(refusal("") == "'': is no name; expected that of a file to write")
    #expect(refusal(scratch("new/"))?.contains("is no name of a file") == true)
    #expect(refusal(scratch("no/new"))?.contains("found no folder") == true)
    let long = String(repeating: "n", count: 255)
    #expect(refusal(scratch(long)) == nil)
    #expect(refusal(scratch(long + "n"))?.contains("cannot be written") == true)
    // One that fits is written, however the file is called meanwhile.
    try AtomicFile.writeOutput(scratch(long), text: "whole")
    #expect(try scratch.text(long) == "whole")
  }

  @Test func inputsAreToldByWhateverName() throws {
    try scratch.write("in", "read")
    try FileManager.default.linkItem(atPath: scratch("in"), toPath: scratch("hard"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch("soft"), withDestinationPath: "in")
    for name in ["in", "hard", "soft", "./in"] {
      let said = refusal(scratch(name), beside: [scratch("in")])
      #expect(said?.contains("is what this command reads") == true, "\(name)")
    }
    #expect(refusal(scratch("out"), beside: [scratch("in"), scratch("none")]) == nil)
  }

  @Test func aLinkThatLeadsNowhereIsFollowed() throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: scratch("there"), withIntermediateDirectories: false)
    try manager.createSymbolicLink(atPath: scratch("b"), withDestinationPath: "there/c.txt")
    try manager.createSymbolicLink(atPath: scratch("a"), withDestinationPath: scratch("b"))
    try manager.createSymbolicLink(atPath: scratch("lost"), withDestinationPath: "gone/c.txt")
    #expect(refusal(scratch("a")) == nil)
    try AtomicFile.writeOutput(scratch("a"), text: "whole")
    #expect(try scratch.text("there/c.txt") == "whole")
    #expect(try manager.destinationOfSymbolicLink(atPath: scratch("a")) == scratch("b"))
    #expect(refusal(scratch("lost"))?.contains("found no folder") == true)
  }

  /// While a file is written it has a name that no other file has.
  @Test func nothingThatLiesBesideIsTouched() throws {
    try scratch.write("out.partial", "mine")
    try AtomicFile.writeOutput(scratch("out"), text: "whole")
    #expect(throws: FileError.self) {
      try AtomicFile.writeOutput(scratch("out")) { _ in throw FileError(path: "x", "fails") }
    }
    #expect(try scratch.text("out") == "whole" && scratch.text("out.partial") == "mine")
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch(""))
    #expect(Set(names) == ["clips.h5", "out", "out.partial"], "\(names)")
  }

  @Test func twoOutputsAreTwoFiles() throws {
    let dataset = try Dataset.open(clips)
    func refusal(_ a: String?, _ b: String?) -> String? {
      do {
        let outputs = [("report", a), ("clips", b)]
        try OutputFiles.requireWritable(outputs, beside: [])
        try OutputFiles.requireUnread(outputs, by: dataset)
        return nil
      } catch {
        return "\(error)"
      }
    }
    let said = refusal(scratch("x"), scratch("./x"))
    #expect(said == "--clips: expected another file than that of --report")
    #expect(refusal(scratch("x"), scratch("y")) == nil && refusal(nil, scratch("x")) == nil)
    #expect(refusal("/dev/null", "/dev/null") == nil)
    #expect(refusal(clips, nil)?.contains("is what this command reads (\(clips))") == true)
  }

  /// A shell that appends has the file open at its end.
  @Test func aStreamIsWrittenWhereItStands() throws {
    let file = fopen(scratch("log"), "a")
    let descriptor = fileno(try #require(file))
    defer { fclose(file) }
    #expect(fputs("before\n", file) >= 0)
    let path = "/dev/fd/\(descriptor)"
    #expect(refusal(path) == nil && refusal("/dev/fd/987")?.contains("cannot be written") == true)
    try AtomicFile.writeOutput(path, text: "result\n")
    #expect(try scratch.text("log") == "before\nresult\n")
    let reading = open(scratch("log"), O_RDONLY)
    defer { close(reading) }
    #expect(refusal("/dev/fd/\(reading)")?.contains("it is open for reading") == true)
  }

  /// Of a run's folder the checkpoints are read, of a list its videos.
  @Test func whatAnInputNamesIsReadToo() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let checkpoint = try newest("run").path
    let before = try Data(contentsOf: URL(fileURLWithPath: checkpoint))
    for output in [
      ["evaluate", "--checkpoint", scratch("run"), "--data", clips, "--clips"],
      ["redundancy", "--checkpoint", scratch("run"), "--data", clips, "--csv"],
      ["predict", "--checkpoint", scratch("run"), "--input", clips, "--output"],
      ["report", scratch("run"), "--output"],
    ] {
      let result = try launch(output + [checkpoint]).run()
      #expect(result.status == 2, "\(result)")
      #expect(result.stderr.contains("is what this command reads"), "\(result)")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: checkpoint)) == before)
  }

  @Test func aSetIsSynthesizedIntoANewFolder() throws {
    try FileManager.default.createDirectory(
      atPath: scratch("set"), withIntermediateDirectories: false)
    try scratch.write("set/labels.csv", "mine")
    let synthesize = ["synthesize", "--train", "1", "--val", "0", "--frames", "2", "--size", "16"]
    let result = try launch(synthesize + ["--output", scratch("set")]).run()
    #expect(result.status == 2 && result.stderr.contains("found labels.csv"), "\(result)")
    #expect(try scratch.text("set/labels.csv") == "mine")
    let file = try launch(synthesize + ["--output", scratch("clips.h5")]).run()
    #expect(file.status == 2 && file.stderr.contains("Not a directory"), "\(file)")
  }
}
