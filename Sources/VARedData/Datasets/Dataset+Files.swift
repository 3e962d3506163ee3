// Which files a data set is read from.

import Foundation

extension Dataset {
  /// Whether a file is the list or the set that was opened, the list of another split beside it, or
  /// one of the clips.
  ///
  /// - Parameter file: any name of it; of one that is not there, the answer is no.
  package func reads(_ file: String) -> Bool {
    guard let identity = FileIdentity(file), let resolved = realpath(file, nil) else {
      return false
    }
    defer { free(resolved) }
    let names = Set([file.lastComponent, String(cString: resolved).lastComponent])
    let lists = SplitSibling(of: path).files.map(\.path)
    if ([path] + lists).contains(where: { FileIdentity($0) == identity }) { return true }
    let folder = String(cString: resolved).parentFolder
    return [Split.train, .val].contains { split in
      (0..<count(split)).contains { index in
        // Looking at every file takes long where there are many: names first.
        switch source(split, index) {
        case .video(let path):
          names.contains(path.lastComponent) && FileIdentity(path) == identity
        case .frames(let path):
          path.lastComponent == folder.lastComponent && names.contains(where: \.isPictureName)
            && FileIdentity(path) == FileIdentity(folder)
        case .row(_, of: let clips):
          names.contains(clips.path.lastComponent) && FileIdentity(clips.path) == identity
        case .prepared(let clip):
          names.contains(where: PreparedSet.isPart)
            && FileIdentity(clip.set.folder) == FileIdentity(folder)
        }
      }
    }
  }
}
