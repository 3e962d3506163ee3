// What lies in folders: each folder is listed once, however often its files are asked for.

import Foundation

/// Listings of folders, kept. Not for use by several threads.
///
/// Names compare as text does in Unicode: an accented letter finds its file however it is encoded.
final class FileTree {
  /// One entry of a folder.
  private struct Entry {
    let name: String
    let isFolder: Bool
  }

  /// Deep enough for every known layout.
  private static let depth = 8

  /// By the bytes of the folder's path.
  private var listings: [[UInt8]: [String: [Entry]]] = [:]
  /// How many names of each folder were passed over because they are not UTF-8.
  private var unreadable: [String: Int] = [:]

  /// What a person should know about names that were passed over; nil: none were.
  var note: String? {
    guard let first = unreadable.keys.min() else { return nil }
    let count = unreadable.values.reduce(0, +)
    let what = count == 1 ? "1 name is not UTF-8 and is" : "\(count) names are not UTF-8 and are"
    return "\(what) passed over, in \(first) first of all: rename, for example with convmv"
  }

  /// The file or folder at `path` as it is spelt on the disk; nil when there is none.
  func existing(_ path: String) -> String? {
    let parent = path.parentFolder
    if path.lastComponent == ".." || path.hasSuffix("/") || path.lastComponent == "." {
      return FileManager.default.fileExists(atPath: path) ? path : nil
    }
    let name = path.lastComponent
    guard let entries = listing(parent)[name] else { return nil }
    let entry = entries.first { $0.name.utf8.elementsEqual(name.utf8) } ?? entries[0]
    return joinedPath(parent, entry.name)
  }

  /// The names in a folder, hidden ones left out, in order; empty when it cannot be read.
  func names(in folder: String) -> [String] { entries(in: folder).map(\.name) }

  /// The folders in a folder, in order.
  func folders(in folder: String) -> [String] {
    entries(in: folder).filter(\.isFolder).map(\.name)
  }

  /// In order; names of the same text, by their bytes.
  private func entries(in folder: String) -> [Entry] {
    listing(folder).values.joined().sorted {
      $0.name == $1.name
        ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) : $0.name < $1.name
    }
  }

  /// Whether a folder holds numbered pictures, and so is a clip.
  func isFrameFolder(_ folder: String) -> Bool {
    let entries = listing(folder).values.flatMap { $0 }
    let pictures = entries.count {
      !$0.isFolder && $0.name.isPictureName && $0.name.stem.last?.isNumber == true
    }
    return pictures > 0 && pictures * 2 > entries.count
  }

  /// The clips below a folder, relative to it and in order: videos, and folders of frames.
  func clips(below folder: String) -> [String] { clips(below: folder, inside: []) }

  /// - Parameter folders: those that `folder` lies in: a symbolic link back to one of them is not
  ///   followed.
  private func clips(below folder: String, inside folders: [FileIdentity]) -> [String] {
    guard folders.count < Self.depth, let own = FileIdentity(folder.isEmpty ? "." : folder),
      !folders.contains(own)
    else { return [] }
    return entries(in: folder).flatMap { entry -> [String] in
      guard entry.isFolder else { return entry.name.isVideoName ? [entry.name] : [] }
      let inner = joinedPath(folder, entry.name)
      if isFrameFolder(inner) { return [entry.name] }
      return clips(below: inner, inside: folders + [own]).map { entry.name + "/" + $0 }
    }
  }

  /// The entries of every name: more than one where names of the same text differ in their bytes.
  private func listing(_ folder: String) -> [String: [Entry]] {
    let path = folder.isEmpty ? "." : folder
    if let known = listings[Array(path.utf8)] { return known }
    var entries: [String: [Entry]] = [:]
    if let stream = opendir(path) {
      defer { closedir(stream) }
      while let found = readdir(stream) {
        guard let name = Self.name(found) else {
          unreadable[path, default: 0] += 1
          continue
        }
        guard !name.hasPrefix(".") else { continue }
        let kind = Int32(found.pointee.d_type)
        let isFolder: Bool? =
          switch kind {
          case Int32(DT_DIR): true
          case Int32(DT_REG): false
          default: Self.isFolder(joinedPath(path, name))
          }
        guard let isFolder else { continue }
        entries[name, default: []].append(Entry(name: name, isFolder: isFolder))
      }
    }
    listings[Array(path.utf8)] = entries
    return entries
  }

  /// nil where a symbolic link leads nowhere.
  private static func isFolder(_ path: String) -> Bool? {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    return info.st_mode & S_IFMT == S_IFDIR
  }

  private static func name(_ entry: UnsafeMutablePointer<dirent>) -> String? {
    withUnsafePointer(to: &entry.pointee.d_name) { name in
      name.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
    }
  }
}
