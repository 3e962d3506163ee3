// Videos by their names without extensions, for sets whose annotations name no paths.

/// The clips below a folder, found by name, class and split.
struct NameIndex {
  private let paths: [String: [String]]
  /// How the files that are there are called and where they lie, for those that are not.
  private let fileExtension: String
  private let layout: (folder: Bool, underscores: Bool, nameForm: Int, parents: Set<String>)

  /// How many of the names that are wanted are below each folder at the top.
  private let wantedBelow: [Substring: Int]

  /// - Parameters:
  ///   - clips: paths relative to the folder of the videos.
  ///   - wanted: what the annotations' clips may be called.
  init(_ clips: [String], wanted: [[String]]) {
    // A folder of frames has no extension, whatever dots are in its name.
    let paths = Dictionary(grouping: clips) { $0.isVideoName ? $0.stem : $0.lastComponent }
    self.paths = paths
    wantedBelow = wanted.reduce(into: [:]) { counts, names in
      let found = names.lazy.compactMap { paths[$0] }.first ?? []
      for folder in Set(found.map(topFolder)) { counts[folder, default: 0] += 1 }
    }
    let extensions = Dictionary(grouping: clips, by: \.fileExtension).mapValues(\.count)
    fileExtension =
      extensions.filter { videoLike($0.key) }.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
      ?? ""
    let inner = clips.map(\.parentFolder).filter { SplitWord($0.lastComponent) == nil }
    let folders = inner.map(\.lastComponent)
    let inClasses = Set(folders).count > 1
    layout = (
      folder: inClasses,
      underscores: folders.contains { $0.contains("_") } && !folders.contains { $0.contains(" ") },
      nameForm: clips.isEmpty ? 0 : NameIndex.nameForm(clips),
      parents: Set(inClasses ? inner.map(\.parentFolder) : clips.map(\.parentFolder))
    )
  }

  /// Whether any of these names is there.
  func hasAny(_ names: [String]) -> Bool { names.contains { paths[$0] != nil } }

  /// The clip that has one of `names`, the first of them that is there; of several the one in the
  /// folder of its class and split.
  func path(_ names: [String], folder: String?, split: SplitWord) -> String? {
    for name in names {
      guard let found = paths[name], !found.isEmpty else { continue }
      if found.count == 1 { return found[0] }
      return found.min { score($0, folder, split) > score($1, folder, split) }
    }
    return nil
  }

  /// Where a clip that is not there would be, were it called and put as the others are.
  func lookedFor(_ names: [String], folder: String?, split: SplitWord) -> String {
    let name = names[min(layout.nameForm, names.count - 1)]
    let file = fileExtension.isEmpty ? name : name + "." + fileExtension
    let ofSplit = layout.parents.filter { SplitWord($0.lastComponent) == split }
    let parent =
      ofSplit.count == 1 ? ofSplit.first : layout.parents.count == 1 ? layout.parents.first : nil
    var place = parent ?? ""
    if layout.folder, let folder {
      let own = layout.underscores ? String(folder.map { $0 == " " ? "_" : $0 }) : folder
      place = place.isEmpty ? own : place + "/" + own
    }
    return place.isEmpty ? file : place + "/" + file
  }

  /// Of clips of one name: in the folder of its class, of its split, of most others of the list.
  private func score(_ path: String, _ folder: String?, _ split: SplitWord) -> (Int, Int) {
    let parts = path.split(separator: "/").dropLast()
    let hasClass = folder.map { folder in
      parts.contains { plainName($0) == plainName(folder[...]) }
    }
    let hasSplit = parts.contains { SplitWord(String($0)) == split }
    return ((hasClass == true ? 2 : 0) + (hasSplit ? 1 : 0), wantedBelow[topFolder(path)] ?? 0)
  }

  /// 0: with times, 3: the bare id, as `Kinetics` gives them.
  private static func nameForm(_ clips: [String]) -> Int {
    let timed = clips.count { clip in
      clip.stem.split(separator: "_").suffix(2).allSatisfy { $0.count == 6 && Int($0) != nil }
    }
    return timed * 2 >= clips.count ? 0 : Int.max
  }
}

private func topFolder(_ path: String) -> Substring {
  path.contains("/") ? path.prefix { $0 != "/" } : ""
}

private func videoLike(_ text: String) -> Bool { "a.\(text)".isVideoName }

private func plainName(_ name: Substring) -> String {
  String(name.lowercased().map { $0 == "_" ? " " : $0 })
}
