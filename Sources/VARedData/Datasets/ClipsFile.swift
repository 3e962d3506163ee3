// An HDF5 file of clips that were decoded before: `/clips`, `/labels` and perhaps `/split`.

import Foundation
import VARedHDF5

/// Clips uint8 `[N, T, H, W, 3]` in an HDF5 file, read one at a time.
final class ClipsFile: Sendable {
  let path: String
  let frames: Int
  let height: Int
  let width: Int
  let labels: [Int64]
  /// nil in a file without `/split`.
  let splits: [Split]?
  private let file: HDF5File

  /// Whether `path` begins with HDF5's signature.
  static func isHDF5(_ path: String) throws -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? handle.close() }
    let signature = try handle.read(upToCount: 8)
    return signature == Data([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  /// Opens `path` and reads its labels and splits.
  ///
  /// - Throws: `DatasetError` when a dataset is missing or has another shape or type.
  init(path: String) throws {
    self.path = path
    do {
      file = try HDF5File.open(path)
      for name in ["/clips", "/labels"] where !file.exists(name) {
        throw ClipsFile.wrong(path, "no \(name)")
      }
      let shape = try file.shape("/clips")
      guard shape.count == 5, shape[4] == 3, shape.allSatisfy({ $0 > 0 }) else {
        throw ClipsFile.wrong(path, "/clips of shape \(shape)")
      }
      (frames, height, width) = (shape[1], shape[2], shape[3])
      labels = try file.read("/labels", as: Int64.self).values
      guard labels.count == shape[0] else {
        throw ClipsFile.wrong(path, "\(labels.count) labels for \(shape[0]) clips")
      }
      guard file.exists("/split") else {
        splits = nil
        return
      }
      let numbers = try file.read("/split", as: UInt8.self).values
      guard numbers.count == shape[0], numbers.allSatisfy({ $0 <= 1 }) else {
        throw ClipsFile.wrong(path, "a /split that is not 0 (train) or 1 (val) for each clip")
      }
      splits = numbers.map { $0 == 0 ? .train : .val }
    } catch let error as HDF5Error {
      throw ClipsFile.wrong(path, "\(error)")
    }
  }

  /// Reads clip `row` into `bytes`, room for T·H·W·3.
  ///
  /// - Throws: `DatasetError` when HDF5 cannot read it.
  func read(_ row: Int, into bytes: UnsafeMutableBufferPointer<UInt8>) throws {
    do {
      try file.readRows("/clips", row..<row + 1, into: bytes)
    } catch let error as HDF5Error {
      throw refusedVideo(path, "\(error)")
    }
  }

  private static func wrong(_ path: String, _ found: String) -> DatasetError {
    DatasetError(
      path: path, expected: "HDF5 clips: /clips uint8 [N,T,H,W,3], /labels int [N]", found: found)
  }
}
