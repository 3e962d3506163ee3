// A picture to one normalized frame of a clip: scale, turn upright, crop, mirror, normalize.

import CFFmpeg

/// Writes pictures into clips `[3, T, H, W]` as (value/255 − mean) / deviation, with the Kinetics
/// mean and deviation per channel that torchvision's `r2plus1d_18` weights use.
final class ClipWriter {
  /// Mean of red, green and blue over Kinetics-400, of 1.
  static let mean: [Float] = [0.43216, 0.394666, 0.37645]
  /// Their standard deviation.
  static let deviation: [Float] = [0.22803, 0.22145, 0.216989]

  /// What each byte of red, green and blue becomes.
  static let normalized: [[Float]] = zip(mean, deviation).map { mean, deviation in
    (0...255).map { (Float($0) / 255 - mean) / deviation }
  }

  private let scaler = FrameScaler()

  /// Writes `frame` as frame `index` of `clip`.
  ///
  /// - Parameters:
  ///   - orientation: how the stored frame lies in the picture.
  ///   - pixelAspect: width over height of a stored pixel.
  /// - Returns: nil, or why this frame cannot be shown.
  func write(
    _ frame: UnsafePointer<AVFrame>, orientation: DisplayOrientation, pixelAspect: Double,
    maxAspect: Double, view: View, geometry: ClipGeometry, index: Int,
    to clip: UnsafeMutablePointer<Float>
  ) -> String? {
    let stored = (width: frame.pointee.width, height: frame.pointee.height)
    let narrowness = VideoLimits.narrowness(
      width: stored.width, height: stored.height, pixelAspect: pixelAspect, limit: maxAspect)
    if let narrowness { return narrowness }
    let (wide, high) = (Double(stored.width) * pixelAspect, Double(stored.height))
    let placement = CropPlacement(
      width: orientation.transposed ? high : wide, height: orientation.transposed ? wide : high,
      view: view, size: geometry.size)
    let width = orientation.transposed ? placement.height : placement.width
    let height = orientation.transposed ? placement.width : placement.height
    guard scaler.scale(frame, width: width, height: height) else {
      return "pixels swscale cannot read (\(formatName(frame)), \(stored.width)×\(stored.height))"
    }
    copy(placement, orientation, geometry, index, to: clip)
    return nil
  }

  /// Copies the square out of the scaler's pixels: a step along the clip's x (and y) is a step
  /// along a stored row or column, forwards or backwards, as the orientation says.
  private func copy(
    _ placement: CropPlacement, _ orientation: DisplayOrientation, _ geometry: ClipGeometry,
    _ index: Int, to clip: UnsafeMutablePointer<Float>
  ) {
    let row = scaler.rowBytes
    var stepX = orientation.transposed ? row : 3
    var stepY = orientation.transposed ? 3 : row
    var start = 0
    if orientation.reversesX {
      start += (placement.width - 1) * stepX
      stepX = -stepX
    }
    if orientation.reversesY {
      start += (placement.height - 1) * stepY
      stepY = -stepY
    }
    start += placement.x * stepX + placement.y * stepY
    if placement.isMirrored {
      start += (geometry.size - 1) * stepX
      stepX = -stepX
    }
    let plane = geometry.size * geometry.size
    for channel in 0..<3 {
      let target = clip + (channel * geometry.frames + index) * plane
      ClipWriter.normalized[channel].withUnsafeBufferPointer { table in
        for y in 0..<geometry.size {
          let source = scaler.pixels + start + y * stepY + channel
          let line = target + y * geometry.size
          for x in 0..<geometry.size { line[x] = table[Int(source[x * stepX])] }
        }
      }
    }
  }

  private func formatName(_ frame: UnsafePointer<AVFrame>) -> String {
    let format = AVPixelFormat(rawValue: .init(truncatingIfNeeded: frame.pointee.format))
    return av_get_pix_fmt_name(format).map { String(cString: $0) } ?? "unknown"
  }
}
