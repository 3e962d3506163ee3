// RUN/events.out.tfevents.*: what TensorBoard shows of a run, no step twice, also after a resume.

import Foundation
import SwiftProtobuf

/// The event file of one start of a run; rank 0 only. Earlier starts have files of their own.
final class EventFile {
  /// The file.
  let path: String
  private let file: GrowingFile

  /// Opens a file of its own, behind those of earlier starts, in which what is later than `step` is
  /// left out.
  ///
  /// - Parameters:
  ///   - folder: of the run.
  ///   - step: that the run goes on from.
  ///   - host: of this rank.
  ///   - voids: whether the values of these tags at `step` are to be left out as well.
  ///   - say: hears of damaged files.
  /// - Throws: `FileError` if a file cannot be read or written.
  init(
    in folder: String, resumedAt step: Int, host: String, voids: ([String]) -> Bool,
    say: (String) -> Void
  ) throws {
    let earlier = try Self.files(in: folder)
    for name in earlier {
      try Self.leaveOut(of: folder + "/" + name, say: say) { event in
        event.step > step || event.step == step && voids(event.summary.value.map(\.tag))
      }
    }
    // TensorBoard reads the files in the order of their names.
    let second = max(Int(Date().timeIntervalSince1970), (earlier.map(Self.second).max() ?? 0) + 1)
    path = String(format: "%@/%@%010d.%@.%d.0", folder, Self.prefix, second, host, getpid())
    file = try GrowingFile(path)
    try append(TBEvent.with { $0.fileVersion = "brain.Event:2" })
    guard step > 0 else { return }
    // A TensorBoard that has read later steps forgets them.
    try append(
      TBEvent.with {
        $0.step = Int64(step) + 1
        $0.sessionLog.status = .start
      })
  }

  /// Appends values of one step.
  ///
  /// - Throws: `FileError` if the disk is full; the values are then written with the next ones.
  func append(_ values: [TBSummary.Value], step: Int) throws {
    guard !values.isEmpty else { return }
    try append(
      TBEvent.with {
        $0.step = Int64(step)
        $0.summary.value = values
      })
  }

  /// Writes what the file did not take before.
  ///
  /// - Throws: `FileError` if it still does not.
  func flush() throws { try file.flush() }

  private func append(_ event: TBEvent) throws {
    var event = event
    event.wallTime = Date().timeIntervalSince1970
    let record: Data = try event.serializedBytes()
    try file.append(RecordFraming.framed(record))
  }

  // MARK: Files of earlier starts

  private static let prefix = "events.out.tfevents."

  /// The event files of a folder by name.
  private static func files(in folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasPrefix(prefix) && !$0.hasSuffix(AtomicFile.partialSuffix) }.sorted()
    } catch {
      throw FileError(path: folder, "cannot be read: \(systemReason())", .unreadable)
    }
  }

  /// The time in a file's name; 0: there is none that a clock could have shown.
  private static func second(_ name: String) -> Int {
    let digits = name.dropFirst(prefix.count).prefix { $0.isASCII && $0.isNumber }
    return digits.count == 10 ? Int(digits) ?? 0 : 0
  }

  /// Takes events out of a file, and what lies behind a damaged one, which TensorBoard does not
  /// read either; a file of which nothing is left is deleted.
  private static func leaveOut(
    of path: String, say: (String) -> Void, where isVoid: (TBEvent) -> Bool
  ) throws {
    guard let bytes = try RegularFile.contents(path) else { return }
    let records = RecordFraming.records(of: bytes)
    let read = records.last?.framed.upperBound ?? 0
    var (kept, hasSteps) = (Data(), false)
    for record in records {
      guard let event = try? TBEvent(serializedBytes: bytes[record.record]) else { continue }
      guard !isVoid(event) else { continue }
      kept.append(bytes[record.framed])
      if case .summary = event.what { hasSteps = true }
    }
    if read < bytes.count {
      say("note: \(path): the last \(bytes.count - read) bytes are torn or damaged, and left out")
    }
    guard kept != bytes else { return }
    guard hasSteps else {
      guard unlink(path) == 0 else {
        throw FileError(path: path, "cannot be removed: \(systemReason())")
      }
      return
    }
    try AtomicFile.write(path, bytes: kept)
  }
}
