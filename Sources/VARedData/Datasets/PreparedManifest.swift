// manifest.json of a prepared folder: what it holds, how it was made, and whether it is whole.

import Foundation

/// What a prepared folder says of itself.
package struct PreparedManifest: Codable, Equatable, Sendable {
  /// What this kind of folder is called.
  package static let formatName = "vared-train prepared set"
  /// The version that this program reads and writes.
  package static let formatVersion = 1
  /// The file's name in the folder.
  package static let fileName = "manifest.json"

  /// `formatName`.
  package var format = PreparedManifest.formatName
  /// `formatVersion`.
  package var version = PreparedManifest.formatVersion
  /// SHA-256 of the list of clips and the options.
  package var fingerprint: String
  /// How the frames were made.
  package var options: PreparationOptions
  /// The class names in the order of their labels.
  package var classes: [String]
  /// Clips of the list in each shard but the last of a split.
  package var clipsPerShard: Int
  /// Shards of the set.
  package var shards: Int
  /// Whether every shard and the index are there.
  package var isComplete = false
  /// Clips, and what they take, once it is complete.
  package var counts: Counts?

  /// What a complete set holds.
  package struct Counts: Codable, Equatable, Sendable {
    /// Training clips.
    package var train = 0
    /// Validation clips.
    package var val = 0
    /// Clips of the list that do not decode.
    package var bad = 0
    /// Stored frames.
    package var frames = 0
    /// Bytes of all stored frames.
    package var bytes = 0

    /// Nothing.
    package init() {}
  }

  /// The manifest of a set that is yet to be made.
  package init(
    fingerprint: String, options: PreparationOptions, classes: [String], clipsPerShard: Int,
    shards: Int
  ) {
    self.fingerprint = fingerprint
    self.options = options
    self.classes = classes
    self.clipsPerShard = clipsPerShard
    self.shards = shards
  }

  /// Reads a folder's manifest.
  ///
  /// - Returns: nil where there is none.
  /// - Throws: `DatasetError` for one that is damaged or of another version.
  package static func read(folder: String) throws -> PreparedManifest? {
    let path = (folder as NSString).appendingPathComponent(fileName)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let expected = "the manifest of a prepared set, version \(formatVersion)"
    func wrong(_ found: String, _ remedy: String) -> DatasetError {
      DatasetError(path: path, expected: expected, found: found, remedy: remedy)
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw wrong(String(cString: strerror(errno)).lowercased(), "check who may read it")
    }
    guard let head = try? decoder.decode(Head.self, from: data), head.format == formatName else {
      throw wrong("something else", "name a label file, or a folder that prepare wrote")
    }
    guard head.version == formatVersion else {
      throw wrong("version \(head.version)", "prepare the set again with this program")
    }
    guard let manifest = try? decoder.decode(PreparedManifest.self, from: data),
      (0...1_000_000).contains(manifest.shards),
      (1...Int(Int32.max)).contains(manifest.clipsPerShard),
      Set(manifest.classes).count == manifest.classes.count
    else {
      throw wrong("a damaged one", "run the same prepare command again into an empty folder")
    }
    return manifest
  }

  /// Whether the folder has a manifest of this kind, whatever its version.
  static func isIn(folder: String) -> Bool {
    FileManager.default.contents(atPath: joinedPath(folder, fileName))
      .map { $0.range(of: Data(formatName.utf8)) != nil } ?? false
  }

  /// The file's text.
  package var text: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }

  private struct Head: Decodable {
    let format: String
    let version: Int
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }
}
