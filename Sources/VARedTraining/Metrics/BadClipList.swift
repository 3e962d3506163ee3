// DIR/bad-clips.csv: every clip that could not be decoded, once, with its reason.

import Foundation
import VARedData
import VARedDist

/// A bad clip on its way from a rank to rank 0, and into the list.
package struct BadClipEntry: Codable, Equatable {
  var split: String
  var index: Int
  var path: String
  var reason: String
  var replacement: Int
}

extension BadClipEntry {
  init(_ clip: BadClip) {
    split = clip.split.rawValue
    index = clip.index
    path = clip.path
    reason = clip.reason
    replacement = clip.replacement
  }
}

/// The list of bad clips of a run; rank 0 only.
struct BadClipList {
  private let path: String
  private var known: Set<String> = []

  /// Opens the list, keeping what an earlier part of the run wrote.
  ///
  /// - Throws: `FileError` if there is one that cannot be read.
  init(_ path: String) throws {
    self.path = path
    known = Set(try TextLines(path).lines.compactMap { Self.identity($0[...]) })
  }

  /// Appends those that are not in the list yet.
  ///
  /// - Returns: how many were new.
  /// - Throws: `FileError` if the file cannot be written.
  @discardableResult
  mutating func append(_ clips: [BadClipEntry], epoch: Int) throws -> Int {
    var lines = clips.map { clip in
      CSVRow(
        [
          clip.split, String(clip.index), clip.path, clip.reason, String(clip.replacement),
          String(epoch),
        ].map(Self.onOneLine)
      ).line
    }
    var now = known
    lines.removeAll { line in
      Self.identity(line[...]).map { !now.insert($0).inserted } ?? false
    }
    guard !lines.isEmpty else { return 0 }
    let isNew = !FileManager.default.fileExists(atPath: path)
    let header = isNew ? "split,index,path,reason,replacement,epoch\n" : ""
    guard let file = fopen(path, "a") else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    let written = fputs(header + lines.joined(), file)
    guard fclose(file) == 0, written >= 0 else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    known = now
    return lines.count
  }

  /// `split,index`: which clip a line is about.
  private static func identity(_ line: Substring) -> String? {
    let parts = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 ? "\(parts[0]),\(parts[1])" : nil
  }

  private static func onOneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

extension Communicator {
  /// The bad clips of all ranks, on rank 0; nil elsewhere. Collective.
  ///
  /// - Throws: `MPIError`.
  func gatherBadClips(_ clips: [BadClip]) throws -> [BadClipEntry]? {
    let bytes = try JSONEncoder().encode(clips.map(BadClipEntry.init))
    return try gather(Array(bytes))?.flatMap {
      try JSONDecoder().decode([BadClipEntry].self, from: Data($0))
    }
  }
}
