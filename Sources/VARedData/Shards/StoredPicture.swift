// What a stored frame's bytes mean: a line of `/pictures`.

import CFFmpeg

/// A kind of picture: format, extent, colours, and how it lies in what a player shows.
struct StoredPicture: Hashable {
  /// The format of JPEG files; any other is a pixel format by its name in FFmpeg.
  static let jpeg = "jpeg"
  /// The columns of the text.
  static let columns = [
    "format", "width", "height", "range", "matrix", "pixel_aspect", "transposed", "reverses_x",
    "reverses_y",
  ]

  let format: String
  let width: Int
  let height: Int
  /// FFmpeg's number of the range: 0 unknown, 1 limited, 2 full.
  let range: Int
  /// The colour matrix as ITU-T H.273 numbers it.
  let matrix: Int
  /// Width over height of a pixel.
  let pixelAspect: Double
  let orientation: DisplayOrientation

  init(
    format: String, of frame: AVFrame, orientation: DisplayOrientation, pixelAspect: Double
  ) {
    self.format = format
    width = Int(frame.width)
    height = Int(frame.height)
    range = Int(frame.color_range.rawValue)
    matrix = Int(frame.colorspace.rawValue)
    self.orientation = orientation
    self.pixelAspect = pixelAspect
  }

  /// The line of the table.
  var line: String {
    let turns = [orientation.transposed, orientation.reversesX, orientation.reversesY]
    let fields =
      [format, "\(width)", "\(height)", "\(range)", "\(matrix)", "\(pixelAspect)"]
      + turns.map { $0 ? "1" : "0" }
    return fields.joined(separator: ",") + "\n"
  }

  /// nil for a line that no writer writes.
  init?(_ line: Substring) {
    let fields = line.split(separator: ",").map(String.init)
    guard fields.count == StoredPicture.columns.count, let width = Int(fields[1]),
      let height = Int(fields[2]), let range = Int(fields[3]), let matrix = Int(fields[4]),
      let aspect = Double(fields[5]), (1...1 << 20).contains(width),
      (1...1 << 20).contains(height), width * height <= VideoLimits.training.pixels,
      (0...255).contains(range), (0...255).contains(matrix),
      aspect > 0, aspect.isFinite
    else { return nil }
    (format, self.width, self.height) = (fields[0], width, height)
    (self.range, self.matrix, pixelAspect) = (range, matrix, aspect)
    var orientation = DisplayOrientation()
    orientation.transposed = fields[6] == "1"
    orientation.reversesX = fields[7] == "1"
    orientation.reversesY = fields[8] == "1"
    self.orientation = orientation
  }

  /// The pixel format of the decoded frame; none for a name that this FFmpeg does not know.
  var pixelFormat: AVPixelFormat {
    format == StoredPicture.jpeg ? AV_PIX_FMT_YUV420P : av_get_pix_fmt(format)
  }

  /// A frame of this kind with memory of its own; nil where there is none for it.
  func makeFrame() -> UnsafeMutablePointer<AVFrame>? {
    guard pixelFormat != AV_PIX_FMT_NONE, let frame = av_frame_alloc() else { return nil }
    frame.pointee.format = pixelFormat.rawValue
    frame.pointee.width = Int32(width)
    frame.pointee.height = Int32(height)
    frame.pointee.color_range = AVColorRange(rawValue: UInt32(range))
    frame.pointee.colorspace = AVColorSpace(rawValue: UInt32(matrix))
    guard av_frame_get_buffer(frame, 0) >= 0 else {
      var freed: UnsafeMutablePointer<AVFrame>? = frame
      av_frame_free(&freed)
      return nil
    }
    return frame
  }
}

/// A picture that cannot be stored or shown; the clip's reader says which file it is of.
struct UnusablePicture: Error {
  let reason: String
}
