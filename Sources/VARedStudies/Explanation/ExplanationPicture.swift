// What a network did with one clip, as an SVG file: the clip's frames, and below them a row for
// each dynamic layer with what it computed and what it reconstructed.

import Foundation
import VARedData
import VARedTraining

/// Draws an explained clip.
struct ExplanationPicture {
  private let clip: ExplainedClip
  /// JPEG of each frame as a data URI.
  private let frames: [String]

  private static let (left, right, width) = (170.0, 130.0, 980.0)
  private static let (rowHeight, gap, top) = (24.0, 5.0, 96.0)

  /// - Parameters:
  ///   - clip: what is drawn.
  ///   - pictures: the clip's frames, RGB.
  ///   - size: pixels of a side.
  /// - Throws: `DatasetError` where FFmpeg encodes no JPEG.
  init(_ clip: ExplainedClip, pictures: [[UInt8]], size: Int) throws {
    self.clip = clip
    frames = try pictures.map {
      let jpeg = try EncodedAnimation(
        [$0], width: size, height: size, framesPerSecond: 1, form: .jpeg)
      return "data:\(jpeg.mediaType);base64," + Data(jpeg.bytes).base64EncodedString()
    }
  }

  private var inner: Double { Self.width - Self.left - Self.right }
  /// A side of a thumbnail.
  private var side: Double { min(96, inner / Double(max(1, frames.count)) - 4) }
  private var rowsTop: Double { Self.top + side + 40 }
  private var height: Double {
    rowsTop + Double(clip.layers.count) * (Self.rowHeight + Self.gap) + 20
  }

  /// The whole file.
  var svg: String {
    var drawing = SVGElements()
    drawHead(into: &drawing)
    drawFrames(into: &drawing)
    drawLegend(into: &drawing)
    for row in clip.layers.indices { drawLayer(row, into: &drawing) }
    return drawing.file(
      title: words, width: SVGElements.number(Self.width),
      height: SVGElements.number(height.rounded(.up)),
      rules: [
        ".rest{fill:currentColor;opacity:0.42}", ".none{fill:currentColor;opacity:0.14}",
      ])
  }

  private var words: String {
    let answer = clip.answers.first.map {
      String(format: "%@ with %.1f %%", $0.name, 100 * $0.probability)
    }
    return "\(clip.name): \(answer ?? "no answer"); \(clip.computation); \(clip.time)"
  }

  private func drawHead(into svg: inout SVGElements) {
    svg.text(clip.name, PlotPosition(20, 32), .start, "head")
    let answers = clip.answers.prefix(3).map {
      String(format: "%@ %.1f %%", $0.name, 100 * $0.probability)
    }
    svg.text(answers.joined(separator: ", "), PlotPosition(20, 54), .start, "panel")
    svg.text("\(clip.computation);  \(clip.time)", PlotPosition(20, 76), .start, "label")
  }

  private func drawFrames(into svg: inout SVGElements) {
    let slot = inner / Double(max(1, frames.count))
    for (number, frame) in frames.enumerated() {
      let x = Self.left + slot * (Double(number) + 0.5) - side / 2
      svg.image(PlotPosition(x, Self.top), side: side, frame, words: "frame \(number + 1)")
    }
  }

  private func drawLegend(into svg: inout SVGElements) {
    guard !clip.layers.isEmpty else { return }
    let y = rowsTop - 22
    var x = Self.left
    svg.open("s0")
    for style in ["bar", "rest", "none"] {
      svg.rectangle(PlotPosition(x, y), width: 12, height: 12, style)
      x += 230
    }
    svg.close()
    let names = ["computed", "reconstructed from channels", "reconstructed from frames"]
    for (place, name) in names.enumerated() {
      svg.text(name, PlotPosition(Self.left + 230 * Double(place) + 18, y + 10), .start, "legend")
    }
  }

  private func drawLayer(_ row: Int, into svg: inout SVGElements) {
    let layer = clip.layers[row]
    let y = rowsTop + Double(row) * (Self.rowHeight + Self.gap)
    svg.text(layer.name, PlotPosition(Self.left - 10, y + 16), .end, "tick")
    let slot = inner / Double(layer.frames)
    let part = Self.rowHeight * Double(layer.channels) / Double(layer.allChannels)
    svg.open("s0")
    for frame in 0..<layer.frames {
      let corner = PlotPosition(Self.left + slot * Double(frame) + 1, y)
      guard frame % layer.stride == 0 else {
        svg.rectangle(corner, width: slot - 2, height: Self.rowHeight, "none")
        continue
      }
      svg.rectangle(corner, width: slot - 2, height: Self.rowHeight - part, "rest")
      svg.rectangle(
        PlotPosition(corner.x, y + Self.rowHeight - part), width: slot - 2, height: part, "bar")
    }
    svg.close()
    svg.text(
      String(format: "%.1f %%", 100 * layer.ratio),
      PlotPosition(Self.width - Self.right + 12, y + 16), .start, "tick")
  }
}
