// Two runs that want to write in one folder.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedTraining

@Suite(.serialized) struct FolderLockTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  @Test func aSecondRunIsRefusedAndLaterWelcome() throws {
    var said: [String] = []
    do {
      let first = try FolderLock(scratch.path) { said.append($0) }
      let error = #expect(throws: FileError.self) {
        _ = try FolderLock(scratch.path, patience: .milliseconds(250)) { said.append($0) }
      }
      #expect(error?.message.contains("another run is writing there") == true)
      #expect(said == ["waiting for the run that is writing in \(scratch.path)"])
      withExtendedLifetime(first) {}
    }
    _ = try FolderLock(scratch.path, patience: .zero) { said.append($0) }
    #expect(said.count == 1)
    #expect(throws: FileError.self) { _ = try FolderLock(scratch("nowhere")) { _ in } }
  }

  /// As when a job is started again while the ranks of the one before still end.
  @Test func aRunWaitsForOneThatEnds() throws {
    let flags = arguments("run", ["--epochs", "1"])
    try FileManager.default.createDirectory(
      atPath: scratch("run"), withIntermediateDirectories: true)
    var first: FolderLock? = try FolderLock(scratch("run")) { _ in }
    let second = try launch(flags).start()
    #expect(second.waitForOutput("waiting for the run that is writing in"))
    #expect(!scratch.exists("run/config.yaml"))
    withExtendedLifetime(first) {}
    first = nil
    let result = second.wait()
    #expect(result.status == 0 && result.stdout.contains("done: 1 epochs"), "\(result)")
  }
}
