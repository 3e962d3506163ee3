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
  /// The way to the videos of each split.
  private var routes: [SplitWord: Route] = [:]
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
      routes[split] = route(of: paths, split)
    }
    if set.annotations.contains(where: { if case .name = $0.video { true } else { false } }) {
      indexNames()
    }
  }

  /// The folder that missing paths are relative to.
  var root: String { videos ?? (names == nil ? set.folder : namesRoot) }

  /// What a person should know about the folders that were looked through; nil: nothing.
  var note: String? { tree.note }

  /// Where the video of `annotation` is.
  func place(of annotation: Annotation) -> Place {
    switch annotation.video {
    case .path(let path): place(path, annotation.split)
    case .name(let candidates, let folder):
      if let names, let file = names.path(candidates, folder: folder, split: annotation.split) {
        .found(joinedPath(namesRoot, file))
      } else {
        .missing(
          names?.lookedFor(candidates, folder: folder, split: annotation.split) ?? candidates.first
            ?? "")
      }
    }
  }

  /// Files like the missing one, said in words: `there is a.mkv (another extension)`.
  func nearMiss(_ annotation: Annotation) -> String? {
    guard case .path(let path) = annotation.video, let route = routes[annotation.split],
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
    guard let route = routes[split], let tried = target(path, route) else { return .missing(path) }
    if let file = tree.existing(tried) { return .found(file) }
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

  /// The way that leaves out the fewest folders and still finds files; of several the one that
  /// finds the most, and of those the one in the split's own folder. Where none finds any, the
  /// first.
  private func route(of paths: [String], _ split: SplitWord) -> Route? {
    let step = max(1, paths.count / Self.sampleSize)
    let sample = stride(from: 0, to: paths.count, by: step).map { paths[$0] }
    let depth = paths.map { $0.split(separator: "/").count }.max() ?? 1
    let bases = bases.filter { !isOfOtherSplit($0, split) }
    for tried in [sample, paths] {
      for dropped in 0..<(videos == nil ? 1 : depth) {
        var candidates = bases.map { Route(base: $0, dropped: dropped) }
        if dropped == 0, videos == nil, paths.contains(where: { $0.hasPrefix("/") }) {
          candidates.insert(Route(base: "", dropped: 0), at: 0)
        }
        let found = candidates.enumerated().map { place, route in
          let hits = tried.count { target($0, route).flatMap(tree.existing) != nil }
          let isOwn = SplitWord(route.base.lastComponent) == split
          return (rank: (hits, isOwn ? 1 : 0, -place), route: route)
        }
        let best = found.filter { $0.rank.0 > 0 && isOneToOne($0.route, paths) }
          .max { $0.rank < $1.rank }
        if let best { return best.route }
      }
    }
    return bases.first.map { Route(base: $0, dropped: 0) }
  }

  /// Whether a folder's name says that it holds training clips and these are others, or reverse.
  private func isOfOtherSplit(_ base: String, _ split: SplitWord) -> Bool {
    guard base != videos, base != set.folder, let word = SplitWord(base.lastComponent) else {
      return false
    }
    return (word == .train) != (split == .train)
  }

  /// Whether no two paths would be read from one file because of the folders that are left out.
  private func isOneToOne(_ route: Route, _ paths: [String]) -> Bool {
    guard route.dropped > 0 else { return true }
    let distinct = Set(paths)
    return Set(distinct.compactMap { target($0, route) }).count == distinct.count
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
      let index = NameIndex(tree.clips(below: root), wanted: wanted)
      let hasSome = wanted.contains(where: index.hasAny)
      if names == nil || hasSome { (names, namesRoot) = (index, root) }
      if hasSome { return }
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
    // A name that ends so is that of a folder, wherever it is.
    guard !path.hasSuffix("/") else { return nil }
    let parts = path.split(separator: "/")
    for base in around.flatMap({ [$0] + inner($0) }) {
      for dropped in 0..<min(parts.count, 4) {
        let rest = parts[dropped...].joined(separator: "/")
        let isTelling = parts.count == 1 || dropped < parts.count - 1
        if isTelling, tree.existing(joinedPath(base, rest)) != nil {
          return "there is \(joinedPath(base, rest)): give --videos \(base.isEmpty ? "." : base)"
        }
      }
    }
    return nil
  }
}
