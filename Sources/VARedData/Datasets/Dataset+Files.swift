// Which files a data set is read from.

extension Dataset {
  /// Whether a file is one that the set was opened from, or one of its clips.
  ///
  /// - Parameter file: any name of it; of one that is not there, the answer is no.
  package func reads(_ file: String) -> Bool {
    guard let identity = FileIdentity(file) else { return false }
    if FileIdentity(path) == identity { return true }
    let folder = FileIdentity(file.parentFolder.isEmpty ? "." : file.parentFolder)
    return [Split.train, .val].contains { split in
      (0..<count(split)).contains { index in
        switch source(split, index) {
        case .video(let path):
          // Looking at every file takes long where there are many.
          path.lastComponent == file.lastComponent && FileIdentity(path) == identity
        case .frames(let path): FileIdentity(path) == folder
        case .row(_, of: let clips): FileIdentity(clips.path) == identity
        case .prepared: FileIdentity(self.path) == folder
        }
      }
    }
  }
}
