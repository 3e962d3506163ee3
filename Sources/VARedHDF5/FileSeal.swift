// A checksum over a whole file, kept in the user block in front of HDF5's own bytes.
// The library itself may crash on a damaged file, so damage has to be found before it opens one.

import Foundation

/// The seal: 512 bytes of text in front of the file, which HDF5 programs skip.
enum FileSeal {
  /// Bytes of HDF5's user block; the smallest it allows.
  static let blockBytes = 512
  private static let title = "vared-train sealed file\n"
  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Writes the seal of a closed file that was created with a user block.
  ///
  /// - Throws: `HDF5Error` if the file cannot be read or written.
  static func write(_ path: String) throws {
    let (sum, bytes) = try checksum(path)
    guard let file = FileHandle(forUpdatingAtPath: path) else {
      throw HDF5Error(path: path, message: "cannot be sealed: \(String(cString: strerror(errno)))")
    }
    do {
      try file.write(contentsOf: Data(text(sum, bytes)))
      try file.close()
    } catch {
      throw HDF5Error(path: path, message: "cannot be sealed: \(String(cString: strerror(errno)))")
    }
  }

  /// Checks the seal. A file without a user block (HDF5 from the first byte) has none and passes.
  ///
  /// - Throws: `HDF5Error` if the file cannot be read or is not what was sealed.
  static func verify(_ path: String) throws {
    let handle = try reading(path)
    let start = [UInt8]((try? handle.read(upToCount: blockBytes)) ?? Data())
    guard !start.starts(with: signature) else { return }
    guard start.starts(with: Array(title.utf8)) else {
      throw HDF5Error(path: path, message: "is damaged, or not an HDF5 file")
    }
    let (sum, bytes) = try checksum(path)
    guard start == text(sum, bytes) else {
      throw HDF5Error(
        path: path, message: "does not match its checksum: damaged, or changed by another program")
    }
  }

  private static func text(_ sum: UInt64, _ bytes: Int) -> [UInt8] {
    let line =
      "\(title)fnv1a-64 over \(bytes) bytes from \(blockBytes): \(String(sum, radix: 16))\n"
    return Array(line.utf8) + [UInt8](repeating: 0, count: blockBytes - line.utf8.count)
  }

  /// FNV-1a with 64-bit little-endian words in place of bytes (the last one padded with zeros),
  /// over everything after the user block. Each step is a bijection of the word, so no single
  /// damaged word goes unseen.
  private static func checksum(_ path: String) throws -> (sum: UInt64, bytes: Int) {
    let file = try reading(path)
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    var bytes = 0
    do {
      try file.seek(toOffset: UInt64(blockBytes))
      while let part = try file.read(upToCount: 4 << 20), !part.isEmpty {
        bytes += part.count
        part.withUnsafeBytes { raw in
          for at in stride(from: 0, to: raw.count, by: 8) {
            var word: UInt64 = 0
            withUnsafeMutableBytes(of: &word) {
              $0.copyBytes(from: raw[at..<min(at + 8, raw.count)])
            }
            sum = (sum ^ UInt64(littleEndian: word)) &* 0x0000_0100_0000_01B3
          }
        }
      }
    } catch {
      throw HDF5Error(path: path, message: "cannot be read: \(String(cString: strerror(errno)))")
    }
    return (sum, bytes)
  }

  private static func reading(_ path: String) throws -> FileHandle {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw HDF5Error(path: path, message: "cannot open: \(String(cString: strerror(errno)))")
    }
    return file
  }
}
