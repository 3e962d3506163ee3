// The folder and the name in a path. Foundation's `deletingLastPathComponent` traps on a path of
// one character (swift-corelibs-foundation 6.3).

/// Parts of a path, as `dirname` and `basename` have them, but for a path without a folder.
package enum PathParts {
  /// What comes before the last name: `a/b` of `a/b/c`, `/` of `/a`, and nothing of `a`.
  package static func folder(of path: String) -> String {
    let path = withoutEndingSlashes(path)
    guard let slash = path.lastIndex(of: "/") else { return "" }
    let folder = withoutEndingSlashes(path[..<slash])
    return folder.isEmpty ? "/" : String(folder)
  }

  private static func withoutEndingSlashes(_ path: some StringProtocol) -> Substring {
    var rest = Substring(path)
    while rest.count > 1, rest.last == "/" { rest.removeLast() }
    return rest
  }
}
