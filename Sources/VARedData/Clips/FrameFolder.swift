// Clips that were taken apart: a folder with a numbered picture for each frame.

/// The pictures of a folder, as the frames of a video.
struct FrameFolder {
  /// Their paths, in the order of their numbers.
  let pictures: [String]

  /// The names that frames have before their number, where other pictures, such as optical flow,
  /// lie beside them.
  private static let framePrefixes = ["", "img", "image", "frame", "im", "rgb"]

  /// Lists the pictures of `folder`.
  ///
  /// - Throws: `DatasetError` when there is none, or several kinds none of which is named as frames
  ///   are.
  init(_ folder: String) throws {
    let names = FileTree().names(in: folder).filter(\.isPictureName)
    let kinds = Dictionary(grouping: names, by: Self.prefix)
    let kind = kinds.count == 1 ? kinds.keys.first : Self.framePrefixes.first { kinds[$0] != nil }
    guard let kind, let frames = kinds[kind] else {
      let found = kinds.keys.sorted().map { "\($0)…" }.joined(separator: ", ")
      throw refusedVideo(
        folder, names.isEmpty ? "a folder without pictures" : "pictures of several kinds (\(found))"
      )
    }
    pictures = frames.map { (number: Self.number($0), name: $0) }
      .sorted { ($0.number, $0.name) < ($1.number, $1.name) }
      .map { joinedPath(folder, $0.name) }
  }

  /// What comes before the number: `flow_x` of `flow_x_00012.jpg`.
  private static func prefix(_ name: String) -> String {
    var rest = name.stem[...]
    while let last = rest.last, last.isNumber { rest = rest.dropLast() }
    while let last = rest.last, "_-. ".contains(last) { rest = rest.dropLast() }
    return rest.lowercased()
  }

  /// The number a name ends with: 12 of `img_00012.jpg`.
  private static func number(_ name: String) -> Int {
    let stem = name.stem
    return Int(
      stem[(stem.lastIndex { !$0.isNumber }.map(stem.index(after:)) ?? stem.startIndex)...])
      ?? 0
  }
}

extension ClipReader {
  /// Reads a clip of a folder of frames; only the pictures that are shown are opened.
  ///
  /// - Throws: `DatasetError` when one of them does not decode.
  func read(
    frames folder: String, _ view: View, _ geometry: ClipGeometry,
    into clip: UnsafeMutablePointer<Float>
  ) throws {
    let pictures = try FrameFolder(folder).pictures
    let shown = clipFrames(of: pictures.count, view: view, geometry: geometry)
    let deadline = Deadline(seconds: limits.seconds, isCancelled: isCancelled)
    for picture in Set(shown) {
      let decoder = try VideoDecoder(path: pictures[picture], limits: limits, deadline: deadline)
      try decoder.decode { _ in
        [0]
      } deliver: { [writer, limits] _, frame in
        for index in shown.indices where shown[index] == picture {
          let problem = writer.write(
            frame, orientation: decoder.file.orientation,
            pixelAspect: decoder.file.pixelAspect(of: frame),
            maxAspect: limits.aspect, view: view, geometry: geometry, index: index, to: clip)
          if let problem { throw refusedVideo(pictures[picture], problem) }
        }
      }
    }
  }
}
