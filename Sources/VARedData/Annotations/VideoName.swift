// File names: which are videos, which are pictures.

extension StringProtocol {
  /// The last component of a path.
  var lastComponent: String {
    var rest = String(self)
    while rest.count > 1, rest.last == "/" { rest.removeLast() }
    guard let slash = rest.lastIndex(of: "/") else { return rest }
    return String(rest[rest.index(after: slash)...])
  }

  /// The path without its last component: empty for a bare name, `/` for the root.
  var parentFolder: String {
    guard let slash = lastIndex(of: "/") else { return "" }
    return slash == startIndex ? "/" : String(self[..<slash])
  }

  /// What comes after the last dot of a name, in small letters; empty without one.
  var fileExtension: String {
    let name = lastComponent
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }

  /// A path's last component without its extension.
  var stem: String {
    let name = lastComponent
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// Whether the extension is that of a video.
  var isVideoName: Bool { videoExtensions.contains(fileExtension) }
  /// Whether the extension is that of a picture.
  var isPictureName: Bool { pictureExtensions.contains(fileExtension) }
}

/// `name` below `folder`; `name` itself where it is absolute.
func joinedPath(_ folder: String, _ name: String) -> String {
  if name.hasPrefix("/") || folder.isEmpty { return name }
  return folder.hasSuffix("/") ? folder + name : folder + "/" + name
}

private let videoExtensions: Set<String> = [
  "mp4", "m4v", "mkv", "webm", "avi", "mov", "qt", "mpg", "mpeg", "mpe", "m2v", "vob", "ts", "m2ts",
  "mts", "flv", "f4v", "3gp", "3g2", "wmv", "asf", "ogv", "ogg", "divx", "y4m", "mjpeg", "mjpg",
  "gif", "rm", "rmvb", "dv", "mxf", "nut", "ivf", "h264", "264", "hevc", "h265", "265", "obu",
]

private let pictureExtensions: Set<String> = ["jpg", "jpeg", "png", "bmp", "webp", "ppm"]
