// From what annotations call a video to the file: where it is, or where it was looked for.

import Foundation

/// Finds the videos of an annotation set. Not for use by several threads.
final class VideoLookup {
  /// Where a video is.
  enum Place: Equatable {
    /// The path to open.
    case found(String)
    /// The path that was looked for, relative to the folder of the videos.
    case missing(String)
  }

  /// A way from a path in a list to a file: leave out leading folders, put the rest below `base`.
  private struct Route: Hashable {
    let base: String
    let dropped: Int
  }

  private static let sampleSize = 64

  private let set: AnnotationSet
  private let videos: String?
  private let tree = FileTree()
  /// The most successful routes of each split, the best first.
  private var routes: [SplitWord: [Route]] = [:]
  private var names: NameIndex?
  private var namesRoot = ""

  /// - Parameters:
  ///   - set: annotations.
  ///   - videos: the folder of the videos, as the user gave it; nil: beside the annotations.
  init(_ set: AnnotationSet, videos: String?) {
    self.set = set
    self.videos = videos.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    for (split, annotations) in Dictionary(grouping: set.annotations, by: \.split) {
      let paths = annotations.compactMap { annotation -> String? in
        guard case .path(let path) = annotation.video else { return nil }
        return path
      }
      routes[split] = rankedRoutes(paths)
    }
    if set.annotations.contains(where: { if case .name = $0.video { true } else { false } }) {
      indexNames()
    }
  }

  /// The folder that missing paths are relative to.
  var root: String { videos ?? set.folder }

  /// Where the video of `annotation` is.
  func place(of annotation: Annotation) -> Place {
    switch annotation.video {
    case .path(let path): place(path, annotation.split)
    case .name(let candidates, let folder):
      if let names, let file = names.path(candidates, folder: folder, split: annotation.split) {
        .found(joinedPath(namesRoot, file))
      } else {
        .missing(names?.lookedFor(candidates, folder: folder) ?? candidates.first ?? "")
      }
    }
  }

  /// Files like the missing one, said in words: `there is a.mkv (another extension)`.
  func nearMiss(_ annotation: Annotation) -> String? {
    guard case .path(let path) = annotation.video, let route = routes[annotation.split]?.first,
      let tried = target(path, route)
    else { return nil }
    let folder = tried.parentFolder
    let name = tried.lastComponent
    for other in tree.names(in: folder) {
      if other.lowercased() == name.lowercased() { return said(folder, other, "other capitals") }
      if other.stem == name.stem, other.isVideoName {
        return said(folder, other, "another extension")
      }
      if plain(other) == plain(name) { return said(folder, other, "_ and blanks") }
    }
    let parent = folder.parentFolder
    if let other = tree.folders(in: parent).first(where: {
      plain($0) == plain(folder.lastComponent)
    }),
      other != folder.lastComponent
    {
      return said(parent, other, "_, blanks or capitals")
    }
    return elsewhere(path)
  }

  // MARK: Paths

  private func place(_ path: String, _ split: SplitWord) -> Place {
    let known = routes[split] ?? []
    for route in known {
      if let file = target(path, route).flatMap(tree.existing) { return .found(file) }
    }
    guard let route = known.first, let tried = target(path, route) else { return .missing(path) }
    let prefix = root.isEmpty ? "" : root + "/"
    return .missing(
      !prefix.isEmpty && tried.hasPrefix(prefix) ? String(tried.dropFirst(prefix.count)) : tried)
  }

  /// nil when a path has not that many folders to leave out.
  private func target(_ path: String, _ route: Route) -> String? {
    if path.hasPrefix("/"), route.base.isEmpty, route.dropped == 0 { return path }
    let parts = path.split(separator: "/")
    guard route.dropped < parts.count else { return nil }
    if route.dropped == 0 {
      return joinedPath(route.base, String(path.drop { $0 == "/" }))
    }
    return joinedPath(route.base, parts[route.dropped...].joined(separator: "/"))
  }

  /// The ways that find some of a sample of `paths`, the best first; at least one.
  private func rankedRoutes(_ paths: [String]) -> [Route] {
    let step = max(1, paths.count / Self.sampleSize)
    let sample = stride(from: 0, to: paths.count, by: step).map { paths[$0] }
    let depth = sample.map { $0.split(separator: "/").count }.max() ?? 1
    var candidates: [Route] = []
    if sample.contains(where: { $0.hasPrefix("/") }), videos == nil {
      candidates.append(Route(base: "", dropped: 0))
    }
    for base in bases {
      candidates += (0..<(videos == nil ? 1 : depth)).map { Route(base: base, dropped: $0) }
    }
    let hits = candidates.map { route in
      sample.count { target($0, route).flatMap(tree.existing) != nil }
    }
    let useful = zip(candidates, hits).enumerated().filter { $0.element.1 > 0 }
      .sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }.map(\.element.0)
    return useful.isEmpty ? Array(candidates.prefix(1)) : useful
  }

  /// The folders in which paths may begin.
  private var bases: [String] {
    if let videos { return [videos] + inner(videos) }
    guard set.places == .around else { return [set.folder] }
    return around.flatMap { [$0] + inner($0) }
  }

  private func inner(_ folder: String) -> [String] {
    tree.folders(in: folder).map { joinedPath(folder, $0) }
  }

  /// The annotations' folder and the one above.
  private var around: [String] {
    [set.folder, set.folder.isEmpty ? ".." : joinedPath(set.folder, "..")]
  }

  // MARK: Names

  private func indexNames() {
    let wanted = set.annotations.compactMap { annotation -> [String]? in
      guard case .name(let names, _) = annotation.video else { return nil }
      return names
    }
    for root in videos.map({ [$0] }) ?? around {
      let index = NameIndex(tree.clips(below: root))
      if names == nil || wanted.contains(where: index.hasAny) {
        (names, namesRoot) = (index, root)
        if wanted.contains(where: index.hasAny) { return }
      }
    }
  }

  // MARK: Near misses

  private func said(_ folder: String, _ name: String, _ how: String) -> String {
    "there is \(joinedPath(folder, name)) (\(how))"
  }

  private func plain(_ name: String) -> String {
    name.lowercased().replacingOccurrences(of: "_", with: " ")
  }

  /// A folder near the annotations that has the video, if its path began there.
  private func elsewhere(_ path: String) -> String? {
    let parts = path.split(separator: "/")
    for base in around.flatMap({ [$0] + inner($0) }) {
      for dropped in 0..<min(parts.count, 4) {
        let rest = parts[dropped...].joined(separator: "/")
        if tree.existing(joinedPath(base, rest)) != nil {
          return "there is \(joinedPath(base, rest)): give --videos \(base.isEmpty ? "." : base)"
        }
      }
    }
    return nil
  }
}
