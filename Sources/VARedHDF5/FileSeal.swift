// A checksum over a whole file, kept in the user block in front of HDF5's own bytes.
// The library itself may crash on a damaged file, so damage has to be found before it opens one.

import Foundation

/// The seal: 512 bytes of text in front of the file, which HDF5 programs skip.
package enum FileSeal {
  /// Bytes of HDF5's user block; the smallest it allows.
  package static let blockBytes = 512
  private static let title = "vared-train sealed file\n"
  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Checks the seal. A file without a user block (HDF5 from the first byte) has none and passes.
  ///
  /// - Returns: whether the file is sealed.
  /// - Throws: `HDF5Error` if the file cannot be read or is not what was sealed.
  static func verify(_ path: String) throws -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw HDF5Error(path: path, system: "cannot open") }
    defer { close(descriptor) }
    let start = try part(of: descriptor, path, upTo: blockBytes)
    guard !start.starts(with: signature) else { return false }
    guard start.starts(with: Array(title.utf8)) else {
      throw HDF5Error(path: path, message: "is damaged, or not an HDF5 file")
    }
    guard let algorithm = Algorithm.allCases.first(where: { names($0, in: start) }) else {
      throw HDF5Error(path: path, message: "is damaged, or sealed by a newer vared-train")
    }
    var digest = Digest(algorithm)
    while true {
      let bytes = try part(of: descriptor, path, upTo: 4 << 20)
      guard !bytes.isEmpty else { break }
      bytes.withUnsafeBytes { digest.add($0) }
    }
    guard start == text(digest) else {
      throw HDF5Error(
        path: path, message: "does not match its checksum: damaged, or changed by another program")
    }
    return true
  }

  /// The seal of a file whose bytes after the user block are those of `digest`.
  package static func text(_ digest: Digest) -> [UInt8] {
    let sum = String(digest.value, radix: 16)
    let name = digest.algorithm.rawValue
    let line = "\(title)\(name) over \(digest.bytes) bytes from \(blockBytes): \(sum)\n"
    return Array(line.utf8) + [UInt8](repeating: 0, count: blockBytes - line.utf8.count)
  }

  /// Whether a user block says that this is how its checksum was made.
  private static func names(_ algorithm: Algorithm, in block: [UInt8]) -> Bool {
    block.starts(with: Array("\(title)\(algorithm.rawValue) over ".utf8))
  }

  /// How the checksum is made: FNV-1a with 64-bit little-endian words in place of bytes (the last
  /// one padded with zeros).
  package enum Algorithm: String, CaseIterable, Sendable {
    /// The sum is rotated before each word. The multiplication leaves a flipped top bit where it
    /// is, and so a second one would undo it: the signs of two floats.
    case rotated = "rotated fnv1a-64"
    /// Without; in files of before.
    case plain = "fnv1a-64"
  }

  /// The checksum under way. Each step is a bijection of the word, so no single damaged word goes
  /// unseen.
  package struct Digest {
    package let algorithm: Algorithm
    package private(set) var bytes = 0
    private var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    /// The first bytes of a word that is not complete yet.
    private var word: UInt64 = 0
    private let rotation: UInt64

    /// Nothing yet.
    package init(_ algorithm: Algorithm = .rotated) {
      self.algorithm = algorithm
      rotation = algorithm == .rotated ? 29 : 0
    }

    /// Goes on with `part`.
    package mutating func add(_ part: UnsafeRawBufferPointer) {
      var at = 0
      while bytes % 8 != 0, at < part.count {
        add(byte: part[at])
        at += 1
      }
      var sum = sum
      let whole = at
      while at + 8 <= part.count {
        let next = part.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        sum = step(sum, UInt64(littleEndian: next))
        at += 8
      }
      self.sum = sum
      bytes += at - whole
      for byte in part[at...] { add(byte: byte) }
    }

    /// The digest of all that was added.
    var value: UInt64 { bytes % 8 == 0 ? sum : step(sum, word) }

    private mutating func add(byte: UInt8) {
      word |= UInt64(byte) << UInt64(bytes % 8 * 8)
      bytes += 1
      guard bytes % 8 == 0 else { return }
      sum = step(sum, word)
      word = 0
    }

    private func step(_ sum: UInt64, _ word: UInt64) -> UInt64 {
      ((sum << rotation | sum >> (64 - rotation)) ^ word) &* 0x0000_0100_0000_01B3
    }
  }

  /// The next bytes of a file, fewer than `count` only at its end.
  private static func part(
    of descriptor: Int32, _ path: String, upTo count: Int
  ) throws -> [UInt8] {
    var failure: HDF5Error?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
      while initialized < count {
        let got = read(descriptor, out.baseAddress! + initialized, count - initialized)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = HDF5Error(path: path, system: "cannot be read") }
        guard got > 0 else { break }
        initialized += got
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
