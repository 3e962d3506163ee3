// The checksums of stored frames and of lists, through libavutil.

import CFFmpeg

/// CRC-32 as zlib, PNG and gzip compute it (Python: `zlib.crc32`), fed piece by piece.
package struct CRC32 {
  private var state: UInt32 = 0xFFFF_FFFF

  /// The CRC of what was fed.
  var value: UInt32 { ~state }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    state = av_crc(
      av_crc_get_table(AV_CRC_32_IEEE_LE), state, base.assumingMemoryBound(to: UInt8.self),
      bytes.count)
  }

  /// The CRC of `bytes`.
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var sum = CRC32()
    sum.update(bytes)
    return sum.value
  }

  /// The CRC of values as they are in memory.
  package static func of<T: BitwiseCopyable>(_ values: some Collection<T>) -> UInt32 {
    Array(values).withUnsafeBytes { of($0) }
  }
}

/// CRC-32C (Castagnoli), as TFRecord files have it.
package enum CRC32C {
  /// The table of the polynomial 0x1EDC6F41, its bits turned round, as they are fed.
  private static let table: [AVCRC] = {
    var table = [AVCRC](repeating: 0, count: 1024)
    av_crc_init(&table, 1, 32, 0x82F6_3B78, Int32(table.count * MemoryLayout<AVCRC>.stride))
    return table
  }()

  /// The CRC of `bytes`.
  package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let base = bytes.baseAddress else { return 0 }
    return ~av_crc(table, 0xFFFF_FFFF, base.assumingMemoryBound(to: UInt8.self), bytes.count)
  }
}

/// SHA-256 of `text`'s UTF-8 in hexadecimal.
func sha256(_ text: String) -> String {
  sha256Bytes(text).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

/// SHA-256 of `text`'s UTF-8, 32 bytes.
package func sha256Bytes(_ text: String) -> [UInt8] {
  guard let sha = av_sha_alloc() else { fatalError("out of memory") }
  defer { av_free(UnsafeMutableRawPointer(sha)) }
  av_sha_init(sha, 256)
  var text = text
  text.withUTF8 { av_sha_update(sha, $0.baseAddress, $0.count) }
  var digest = [UInt8](repeating: 0, count: 32)
  av_sha_final(sha, &digest)
  return digest
}
