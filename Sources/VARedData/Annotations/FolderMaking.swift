// Making folders, with the system's reason where that fails.

import Foundation

/// Folders that something is written to.
package enum FolderMaking {
  /// Makes a folder and those that it lies in, where they are not there yet.
  ///
  /// - Returns: nil, or why there is none that can be written to.
  package static func make(_ path: String) -> String? {
    guard !path.isEmpty else { return "cannot be made a folder: it has no name" }
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      guard mkdir(made, 0o777) != 0, errno != EEXIST else { continue }
      let reason = String(cString: strerror(errno))
      guard access(made, X_OK) == 0 else { return "cannot be made a folder: \(reason)" }
    }
    var found = stat()
    guard stat(path, &found) == 0 else {
      return "cannot be made a folder: it is a link to nowhere"
    }
    guard found.st_mode & S_IFMT == S_IFDIR else {
      return "cannot be made a folder: \(String(cString: strerror(ENOTDIR)))"
    }
    guard access(path, W_OK | X_OK) == 0 else {
      return "cannot be written to: \(String(cString: strerror(errno)))"
    }
    return nil
  }
}
