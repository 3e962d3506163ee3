// Which frames of a video a clip shows.

/// The frames of a clip in a video of `count` frames, in clip order.
///
/// The window is `geometry.windowFrames` long: random in training, in the centre, or one of
/// several spread uniformly from the first to the last possible place. A video shorter than the
/// window is looped from its first frame.
func clipFrames(of count: Int, view: View, geometry: ClipGeometry) -> [Int] {
  let room = max(0, count - geometry.windowFrames)
  let start =
    switch view {
    case .train(let seed, _): Int(AugmentationDraw(seed: seed).window * Double(room + 1))
    case .center: room / 2
    case .window(let index, let windows, _, _):
      windows == 1 ? room / 2 : (2 * index * room + windows - 1) / (2 * (windows - 1))
    }
  return (0..<geometry.frames).map { (start + $0 * geometry.frameStride) % count }
}
