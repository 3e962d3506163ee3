// DIR/metrics.jsonl: one JSON object a line, no step twice, also after a run was resumed.

import Foundation

/// The metrics of a run; rank 0 only.
final class MetricsFile {
  /// What of the lines a run has to know when it goes on.
  struct Line: Equatable {
    let kind: String
    let step: Int
    /// What evaluations are compared by: mAP with several labels a clip, else top-1.
    let score: Double?
  }

  let path: String
  /// The lines there are, in order.
  private(set) var lines: [Line] = []
  private let file: FileHandle

  /// Opens the file to append; lines after `step`, and a last one that was torn, are taken out.
  ///
  /// - Throws: `FileError` if the file cannot be read or written.
  init(_ path: String, resumedAt step: Int) throws {
    self.path = path
    var kept = ""
    if let bytes = FileManager.default.contents(atPath: path) {
      for text in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
        guard let line = Self.parse(text), line.step <= step else { continue }
        lines.append(line)
        kept += text + "\n"
      }
      if Data(kept.utf8) != bytes { try AtomicFile.write(path, text: kept) }
    }
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
    guard descriptor >= 0 else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Appends objects, all of them in one write.
  ///
  /// - Throws: `FileError` if the disk is full.
  func append(_ objects: JSONLine...) throws {
    let texts = objects.map(\.text)
    do {
      try file.write(contentsOf: Data(texts.map { $0 + "\n" }.joined().utf8))
    } catch {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    lines += texts.compactMap { Self.parse($0[...]) }
  }

  /// Whether there is a line of this kind at this step.
  func has(_ kind: String, step: Int) -> Bool {
    lines.contains { $0.kind == kind && $0.step == step }
  }

  /// The step of the best evaluation so far (the first of equals).
  var bestStep: Int? {
    lines.filter { $0.score != nil }
      .max { ($0.score ?? 0, -$0.step) < ($1.score ?? 0, -$1.step) }?.step
  }

  private static func parse(_ text: Substring) -> Line? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
      let kind = object["kind"] as? String, let step = object["step"] as? Int
    else { return nil }
    return Line(
      kind: kind, step: step, score: object["map"] as? Double ?? object["top1"] as? Double)
  }
}
