// Clips that were taken apart: a folder with a numbered picture for each frame.

import CFFmpeg

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

  /// Decodes one picture and calls `deliver` with it, once more where it had to be decoded anew.
  ///
  /// - Parameters:
  ///   - number: its place in `pictures`.
  ///   - deliver: takes the picture, how it is turned, and the aspect of its pixels.
  /// - Throws: `DatasetError` when it does not decode, and what `deliver` throws.
  func decode(
    _ number: Int, _ limits: VideoLimits, _ deadline: Deadline,
    deliver: @escaping (UnsafePointer<AVFrame>, DisplayOrientation, Double) throws -> Void
  ) throws {
    let decoder = try VideoDecoder(path: pictures[number], limits: limits, deadline: deadline)
    let file = decoder.file
    try decoder.decode { _ in
      [0]
    } deliver: { _, frame in
      try deliver(frame, file.orientation, file.pixelAspect(of: frame))
    }
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
