// What a command looks at before the work whose results it is to write.

import Foundation
import VARedData

/// Files of the user's choice that one command writes.
package enum OutputFiles {
  /// Looks whether they can be written.
  ///
  /// - Parameters:
  ///   - outputs: each with the flag that names it; nil: it is not asked for.
  ///   - inputs: what the same command reads.
  /// - Throws: `FileError` if one is a folder or one of the inputs, if it cannot be written, or if
  ///   there is no folder for it; `ConfigurationError` if two are the same file.
  package static func requireWritable(
    _ outputs: [(key: String, path: String?)], beside inputs: [String]
  ) throws {
    var places: [String: String] = [:]
    for (key, path) in outputs {
      guard let path else { continue }
      try requireWritable(path, beside: inputs)
      guard let place = SpecialFile.replaceable(path).map(absolute) else { continue }
      if let other = places[place] {
        throw ConfigurationError(key: key, "expected another file than that of --\(other)")
      }
      places[place] = key
    }
  }

  /// Looks, when the data is open, whether one of them belongs to it.
  ///
  /// - Throws: `FileError`.
  package static func requireUnread(
    _ outputs: [(key: String, path: String?)], by dataset: Dataset
  ) throws {
    for path in outputs.compactMap(\.path) where dataset.reads(path) {
      throw isInput(path, dataset.path)
    }
  }

  /// `requireWritable` of one file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - inputs: what the same command reads.
  /// - Throws: `FileError`.
  package static func requireWritable(_ path: String, beside inputs: [String]) throws {
    guard !path.isEmpty else {
      throw FileError(path: path, "is no name; expected that of a file to write")
    }
    if let stream = SpecialFile.descriptor(path) { return try requireOpen(stream, path) }
    guard let kind = SpecialFile.kind(path) else { return try requireRoom(path) }
    guard kind != S_IFDIR else { throw FileError(path: path, "is a folder; expected a file") }
    guard kind == S_IFREG else {
      guard access(path, W_OK) == 0 else {
        throw FileError(path: path, "cannot be written: \(systemReason())")
      }
      return
    }
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { throw FileError(path: path, "cannot be written: \(systemReason())") }
    close(file)
    if let input = inputs.first(where: { FileIdentity($0) == FileIdentity(path) }) {
      throw isInput(path, input)
    }
    if let place = SpecialFile.replaceable(path) { try requireFolder(of: place, path) }
  }

  /// The error of an output that the same command reads.
  private static func isInput(_ path: String, _ input: String) -> FileError {
    FileError(
      path: path, "is what this command reads (\(input)); give another name for the output")
  }

  /// What the process has open is no file of a folder.
  private static func requireOpen(_ stream: Int32, _ path: String) throws {
    let flags = fcntl(stream, F_GETFL)
    guard flags >= 0, flags & O_ACCMODE != O_RDONLY else {
      let reason = flags < 0 ? systemReason() : "it is open for reading"
      throw FileError(path: path, "cannot be written: \(reason)")
    }
  }

  /// A file that is not there yet needs a folder, and a name.
  private static func requireRoom(_ path: String) throws {
    guard errno == ENOENT else {
      throw FileError(path: path, "cannot be written: \(systemReason())")
    }
    guard let place = SpecialFile.replaceable(path), !place.hasSuffix("/") else {
      throw FileError(path: path, "is no name of a file; expected one")
    }
    try requireFolder(of: place, path)
  }

  private static func requireFolder(of place: String, _ path: String) throws {
    let parent = PathParts.folder(of: place)
    let folder = parent.isEmpty ? "." : parent
    guard SpecialFile.kind(folder) == S_IFDIR else {
      throw FileError(path: path, "expected a folder to write it into, found no folder \(folder)")
    }
    guard access(folder, W_OK | X_OK) == 0 else {
      throw FileError(path: path, "cannot be written into \(folder): \(systemReason())")
    }
  }

  /// The same for every name of a place, whether it is there or not.
  private static func absolute(_ place: String) -> String {
    let parent = PathParts.folder(of: place)
    guard let folder = realpath(parent.isEmpty ? "." : parent, nil) else { return place }
    defer { free(folder) }
    let name = place.split(separator: "/").last.map(String.init) ?? ""
    return String(cString: folder) + "/" + name
  }
}
