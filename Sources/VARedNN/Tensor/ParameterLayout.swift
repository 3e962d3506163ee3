// How a parameter of PyTorch's logical shape lies in the flat buffers.

/// The engine's storage order of a parameter; a permutation of the logical values, with zeros where
/// channels are padded to whole blocks.
enum ParameterLayout: Sendable {
  /// Row-major as PyTorch's; padded with zeros at the end.
  case plain
  /// `[K, C, kT, kH, kW]` as `[K/lanes, C/lanes, kT·kH·kW, lanes (in), lanes (out)]`.
  case convolution
  /// `[K, C, kT, kH, kW]` as `[K/lanes, kT·kH·kW, C, lanes (out)]`: the input is not blocked; of a
  /// depthwise convolution `C` is 1.
  case stem
  /// `[…, C, 3, 3]` as `[…, C/lanes, 9, lanes]`.
  case depthwise

  /// Floats in the flat buffer before alignment.
  func storedCount(_ shape: [Int]) -> Int {
    switch self {
    case .plain:
      return shape.reduce(1, *)
    case .convolution:
      return ChannelBlock.padded(shape[0]) * ChannelBlock.padded(shape[1])
        * shape[2...].reduce(1, *)
    case .stem:
      return ChannelBlock.padded(shape[0]) * shape[1...].reduce(1, *)
    case .depthwise:
      let groups = shape.dropLast(3).reduce(1, *)
      return groups * ChannelBlock.padded(shape[shape.count - 3]) * 9
    }
  }

  /// Calls `body(logical index, stored index)` for every value.
  @inline(__always)
  func forEach(_ shape: [Int], _ body: (Int, Int) -> Void) {
    let lanes = ChannelBlock.lanes
    switch self {
    case .plain:
      for i in 0..<shape.reduce(1, *) { body(i, i) }
    case .convolution, .stem:
      let (outs, ins, taps) = (shape[0], shape[1], shape[2...].reduce(1, *))
      let inBlocks = ChannelBlock.count(ins)
      let blocked = { if case .convolution = self { true } else { false } }()
      for k in 0..<outs {
        for c in 0..<ins {
          for tap in 0..<taps {
            let logical = (k * ins + c) * taps + tap
            let stored =
              blocked
              ? (((k / lanes * inBlocks + c / lanes) * taps + tap) * lanes + c % lanes) * lanes
                + k % lanes
              : ((k / lanes * taps + tap) * ins + c) * lanes + k % lanes
            body(logical, stored)
          }
        }
      }
    case .depthwise:
      let channels = shape[shape.count - 3]
      let blocks = ChannelBlock.count(channels)
      for group in 0..<shape.dropLast(3).reduce(1, *) {
        for c in 0..<channels {
          for tap in 0..<9 {
            body(
              (group * channels + c) * 9 + tap,
              ((group * blocks + c / lanes) * 9 + tap) * lanes + c % lanes)
          }
        }
      }
    }
  }
}
