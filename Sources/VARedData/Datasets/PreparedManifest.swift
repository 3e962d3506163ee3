// manifest.json of a prepared folder: what it holds, how it was made, and whether it is whole.

import Foundation

/// What a prepared folder says of itself.
package struct PreparedManifest: Codable, Equatable, Sendable {
  /// What this kind of folder is called.
  package static let formatName = "vared-train prepared set"
  /// The version of a set with one label a clip.
  package static let oneLabelVersion = 1
  /// The version of a set with any number of labels a clip: another index.csv.
  package static let multiLabelVersion = 2
  /// The file's name in the folder.
  package static let fileName = "manifest.json"

  /// `formatName`.
  package var format = PreparedManifest.formatName
  /// `oneLabelVersion` or `multiLabelVersion`.
  package var version: Int
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
  init(
    version: Int, fingerprint: String, options: PreparationOptions, classes: [String],
    clipsPerShard: Int, shards: Int
  ) {
    self.version = version
    self.fingerprint = fingerprint
    self.options = options
    self.classes = classes
    self.clipsPerShard = clipsPerShard
    self.shards = shards
  }

  /// Whether clips have any number of labels.
  package var isMultiLabel: Bool { version == PreparedManifest.multiLabelVersion }

  /// The version of what is prepared of a list.
  ///
  /// - Parameter isMultiLabel: whether its clips have any number of labels.
  static func version(isMultiLabel: Bool) -> Int {
    isMultiLabel ? multiLabelVersion : oneLabelVersion
  }

  /// Reads a folder's manifest.
  ///
  /// - Parameter folder: the folder.
  /// - Returns: nil where there is none.
  /// - Throws: `DatasetError` for one that is damaged or of another version.
  package static func read(folder: String) throws -> PreparedManifest? {
    let path = joinedPath(folder, fileName)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw wrong(path, String(cString: strerror(errno)).lowercased(), "check who may read it")
    }
    return try PreparedManifest(data, path: path)
  }

  /// Reads the manifest of a folder that may be something else than a prepared set.
  ///
  /// - Returns: nil where there is none, or a file of that name of another program.
  /// - Throws: `DatasetError` for one that is damaged or of another version.
  static func readIfOwn(folder: String) throws -> PreparedManifest? {
    let path = joinedPath(folder, fileName)
    guard let data = FileManager.default.contents(atPath: path),
      data.range(of: Data(formatName.utf8)) != nil
    else { return nil }
    return try PreparedManifest(data, path: path)
  }

  private init(_ data: Data, path: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let head = try? decoder.decode(Head.self, from: data),
      head.format == PreparedManifest.formatName
    else {
      throw PreparedManifest.wrong(
        path, "something else", "name a label file, or a folder that prepare wrote")
    }
    guard (Self.oneLabelVersion...Self.multiLabelVersion).contains(head.version) else {
      throw PreparedManifest.wrong(
        path, "version \(head.version)", "prepare the set again with this program")
    }
    guard let manifest = try? decoder.decode(PreparedManifest.self, from: data),
      (0...1_000_000).contains(manifest.shards),
      (1...Int(Int32.max)).contains(manifest.clipsPerShard),
      Set(manifest.classes).count == manifest.classes.count
    else {
      throw PreparedManifest.wrong(
        path, "a damaged one", "run the same prepare command again into an empty folder")
    }
    self = manifest
  }

  private static func wrong(_ path: String, _ found: String, _ remedy: String) -> DatasetError {
    DatasetError(
      path: path,
      expected:
        "the manifest of a prepared set, version \(oneLabelVersion) or \(multiLabelVersion)",
      found: found, remedy: remedy)
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
}
