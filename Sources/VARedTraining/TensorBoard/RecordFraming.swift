// How an event file holds its records (TensorFlow's TFRecord format): length, its checksum, the
// record, its checksum.

import Foundation
import VARedData

/// Records among bytes: UInt64 length, masked CRC-32C of it, the record, masked CRC-32C of that;
/// all numbers little-endian.
enum RecordFraming {
  /// Bytes before a record.
  private static let head = 12
  /// Bytes behind it.
  private static let tail = 4

  /// A record as it lies in a file.
  static func framed(_ record: Data) -> Data {
    var framed = Data(capacity: head + record.count + tail)
    framed.append(little: UInt64(record.count))
    framed.append(little: maskedChecksum(framed))
    framed.append(record)
    framed.append(little: maskedChecksum(record))
    return framed
  }

  /// The records of a file up to the first that is torn or damaged, framed and by themselves.
  ///
  /// - Parameter bytes: of the file.
  /// - Returns: where in `bytes` each is.
  static func records(of bytes: Data) -> [(framed: Range<Int>, record: Range<Int>)] {
    var found: [(framed: Range<Int>, record: Range<Int>)] = []
    var at = bytes.startIndex
    while bytes.endIndex - at >= head + tail {
      let length = bytes.little(UInt64.self, at: at)
      guard length <= UInt64(bytes.endIndex - at - head - tail),
        bytes.little(UInt32.self, at: at + 8) == maskedChecksum(bytes[at..<at + 8])
      else { break }
      let record = at + head..<at + head + Int(length)
      guard bytes.little(UInt32.self, at: record.upperBound) == maskedChecksum(bytes[record]) else {
        break
      }
      found.append((at..<record.upperBound + tail, record))
      at = record.upperBound + tail
    }
    return found
  }

  /// A checksum turned and moved, so that the checksum of bytes that hold one is sound.
  private static func maskedChecksum(_ bytes: Data) -> UInt32 {
    let sum = bytes.withUnsafeBytes { CRC32C.of($0) }
    return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
  }
}

extension Data {
  fileprivate mutating func append(little value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// - Precondition: the number's bytes are there.
  fileprivate func little<Number: FixedWidthInteger>(_: Number.Type, at start: Int) -> Number {
    let bytes = self[start..<start + Number.bitWidth / 8]
    return bytes.reversed().reduce(0) { $0 << 8 | Number($1) }
  }
}
