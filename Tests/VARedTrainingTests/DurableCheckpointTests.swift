// Checkpoints where disks are full, folders go away, and files are held or cannot be read.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedTraining

@Suite(.serialized) struct DurableCheckpointTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private var newestFile: String { scratch("run/checkpoints/step-00000004.h5") }

  /// A limit on the size of files stands for a disk without room for another checkpoint.
  @Test func aFullDiskIsSaidAtOnceAndTrainingGoesOn() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let before = try newest("run")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    let program = try #require(Bundle.main.executableURL).deletingLastPathComponent()
      .appendingPathComponent("vared-train").path
    process.arguments = ["-c", "ulimit -f 300; exec \"$0\" \"$@\"", program] + arguments("run")
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let said = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self
    ).withoutTimes
    process.waitUntilExit()
    #expect(process.terminationStatus == 2 && process.terminationReason == .exit, "\(said)")
    let lines = said.split(separator: "\n")
    #expect(lines.count >= 3 && lines.last?.hasPrefix("error: ") == true, "\(said)")
    for line in lines {
      #expect(line.contains("File too large; the last one is of step 4"), "\(line)")
    }
    for line in lines.dropLast() {
      #expect(line.hasPrefix("warning: ") && line.hasSuffix("training goes on"), "\(line)")
    }
    let after = try newest("run")
    #expect(after.model == before.model && after.header == before.header)
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch("run/checkpoints"))
    #expect(left == ["step-00000004.h5"])
    #expect(try losses("run", steps: 12).count == 12)
    _ = try run(arguments("run"))
    #expect(try newest("run").header.position.step == 12)
  }

  @Test func aFolderThatGoesAwayIsSaidAndEndsWithAStatus() throws {
    let more = ["--epochs", "2000", "--evaluate-every", "0", "--checkpoint-every", "1"]
    let running = try launch(arguments("run", more)).start()
    waitFor("run/checkpoints/step-00000003.h5")
    try FileManager.default.moveItem(atPath: scratch("run/checkpoints"), toPath: scratch("away"))
    // It goes on, and has tried to write more than once, when three more steps are done.
    let lines = { try scratch.text("run/metrics.jsonl").split(separator: "\n").count }
    let done = try lines()
    var looks = 0
    while try lines() < done + 4, looks < 60_000 {
      usleep(10_000)
      looks += 1
    }
    kill(running.processID, SIGUSR1)
    let result = running.wait()
    #expect(result.status == 2 && !result.endedBySignal, "\(result)")
    #expect(
      result.stderr.contains("No such file or directory; there is none yet; training goes on"))
    #expect(result.stderr.contains("error: ") && result.stderr.contains("checkpoint cannot be"))
    #expect(try CheckpointFolder(path: scratch("away")).newestWhole { _ in } != nil)
  }

  @Test func aHeldOrUnreadableCheckpointIsNeitherDamagedNorRenamed() throws {
    _ = try run(arguments("run", ["--epochs", "1", "--checkpoint-every", "3"]))
    let held = open(newestFile, O_RDONLY)
    #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
    for arguments in [arguments("run"), ["inspect", scratch("run")]] {
      let result = try launch(arguments).run()
      #expect(result.status == 2 && result.stderr.contains("another process holds it"))
      #expect(result.stderr.contains(newestFile) && !"\(result)".contains("damaged"), "\(result)")
    }
    close(held)
    _ = try run(["inspect", scratch("run")])

    try FileManager.default.moveItem(atPath: newestFile, toPath: scratch("kept.h5"))
    try FileManager.default.createSymbolicLink(
      atPath: newestFile, withDestinationPath: newestFile)
    let result = try launch(arguments("run")).run()
    #expect(result.status == 2 && result.stderr.contains("Too many levels of symbolic links"))
    #expect(result.stderr.contains(newestFile) && !"\(result)".contains("damaged"), "\(result)")
    let left = try FileManager.default.contentsOfDirectory(atPath: scratch("run/checkpoints"))
    #expect(left.sorted() == ["step-00000003.h5", "step-00000004.h5"])
  }

  /// As on NFS without a lock daemon.
  @Test func locksThatAlwaysFailAreDoneWithout() throws {
    try scratch.write(
      "nolock.c",
      "#include <errno.h>\nint flock(int file, int operation) { errno = ENOLCK; return -1; }\n")
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments = [
      "cc", "-shared", "-fPIC", "-o", scratch("nolock.so"), scratch("nolock.c"),
    ]
    try compiler.run()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0)
    for epochs in ["1", "2"] {
      var launch = launch(arguments("run", ["--epochs", epochs]))
      launch.environment["LD_PRELOAD"] = scratch("nolock.so")
      let result = try launch.run()
      #expect(result.status == 0 && !"\(result)".contains("warning"), "\(result)")
    }
    #expect(try newest("run").header.position.step == 8)
  }

  @Test func theReasonIsThatOfTheFolderThatCannotBeMade() throws {
    try scratch.write("file", "")
    let error = #expect(throws: FileError.self) {
      try RunFolder(path: scratch("file/runs/a")).make()
    }
    #expect(error?.message.contains("cannot be made a folder: Not a directory") == true)
  }
}
