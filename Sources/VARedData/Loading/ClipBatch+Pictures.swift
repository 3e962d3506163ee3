// A clip's floats as the pictures that they were made from.

extension ClipBatch {
  /// The frames of one clip as RGB pictures, `[T][H·W·3]`.
  ///
  /// - Parameters:
  ///   - clip: its place in the batch.
  ///   - geometry: the extent that the loader was given.
  /// - Precondition: there is such a clip.
  package func pictures(clip: Int, _ geometry: ClipGeometry) -> [[UInt8]] {
    let plane = geometry.size * geometry.size
    let start = clip * geometry.floatCount
    return (0..<geometry.frames).map { frame in
      var picture = [UInt8](repeating: 0, count: 3 * plane)
      for channel in 0..<3 {
        let source = start + (channel * geometry.frames + frame) * plane
        let (mean, deviation) = (ClipWriter.mean[channel], ClipWriter.deviation[channel])
        for pixel in 0..<plane {
          let value = (clips[source + pixel] * deviation + mean) * 255
          picture[3 * pixel + channel] = UInt8(max(0, min(255, value.rounded())))
        }
      }
      return picture
    }
  }
}
