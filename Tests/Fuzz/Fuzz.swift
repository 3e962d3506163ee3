// Feeds one reader: mutated seeds by clang's fuzzer (scripts/fuzz.sh), or, built without it, the
// seeds as they are and in simple mutations (FuzzSeedTests).

import Foundation
import FuzzReaders

#if FUZZING
  import CFuzzer
#endif

@main
struct Fuzz {
  /// `Fuzz READER FILE-OR-FOLDER…`; what follows the reader are the fuzzer's own arguments where it
  /// is built in.
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count > 2, let kind = FuzzReader.Kind(rawValue: arguments[1]) else {
      let kinds = FuzzReader.Kind.allCases.map(\.rawValue).joined(separator: " ")
      FileHandle.standardError.write(Data("usage: Fuzz READER SEEDS…\nreaders: \(kinds)\n".utf8))
      exit(2)
    }
    let reader = try FuzzReader(kind)
    #if FUZZING
      self.reader = reader
      exit(runFuzzer([arguments[0]] + arguments.dropFirst(2)))
    #else
      try replay(Array(arguments.dropFirst(2)), by: reader)
    #endif
  }

  #if FUZZING
    /// What `LLVMFuzzerRunDriver` calls back to, which knows no context.
    nonisolated(unsafe) private static var reader: FuzzReader?

    private static func runFuzzer(_ arguments: [String]) -> Int32 {
      var count = Int32(arguments.count)
      var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
      return pointers.withUnsafeMutableBufferPointer { pointers in
        var base = pointers.baseAddress
        return LLVMFuzzerRunDriver(&count, &base) { data, size in
          _ = Fuzz.reader?.refusal(of: UnsafeBufferPointer(start: data, count: size))
          return 0
        }
      }
    }
  #endif

  /// Reads every seed whole, cut short at 16 places, and with 16 bytes changed one after the other;
  /// says which whole ones were accepted.
  private static func replay(_ seeds: [String], by reader: FuzzReader) throws {
    for seed in try seeds.flatMap(files).sorted() {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: seed)))
      let refusal = bytes.withUnsafeBufferPointer { reader.refusal(of: $0) }
      for part in 0..<16 {
        bytes.prefix(bytes.count * part / 16).withUnsafeBufferPointer { _ = reader.refusal(of: $0) }
        guard !bytes.isEmpty else { continue }
        var changed = bytes
        changed[(bytes.count * part + part * part) / 16 % bytes.count] ^= 1 << (part % 8)
        changed.withUnsafeBufferPointer { _ = reader.refusal(of: $0) }
      }
      print("\(seed): \(refusal.map { "refused: \($0)" } ?? "accepted")")
    }
  }

  private static func files(_ path: String) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: path])
    }
    guard isFolder.boolValue else { return [path] }
    return try FileManager.default.contentsOfDirectory(atPath: path).map { "\(path)/\($0)" }
  }
}
