// Where the runs of `verify-resume` go.

import Foundation
import VARedTraining

/// A folder for several runs: the user's, or a temporary one that goes when all is well.
struct ResumptionFolder {
  let path: String
  private let isTemporary: Bool

  /// Makes the folder at `path`; empty: a temporary one.
  ///
  /// - Throws: `FileError` where it cannot be made.
  init(_ path: String) throws {
    guard path.isEmpty else {
      self.path = path
      isTemporary = false
      do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      } catch {
        throw FileError(path: path, "cannot be made a folder; give another --output")
      }
      return
    }
    isTemporary = true
    let place = (NSTemporaryDirectory() as NSString)
      .appendingPathComponent("vared-verify-resume-XXXXXX")
    var name = Array(place.utf8CString)
    guard mkdtemp(&name) != nil else {
      throw FileError(
        path: NSTemporaryDirectory(),
        "no folder can be made there: \(String(cString: strerror(errno))); give --output")
    }
    self.path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Removes a temporary folder, unless there is something to look at.
  func end(keeping: Bool) {
    if isTemporary, !keeping { try? FileManager.default.removeItem(atPath: path) }
  }
}
