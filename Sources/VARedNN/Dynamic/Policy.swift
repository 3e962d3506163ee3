// What a dynamic convolution can choose from, and what it chose.

/// How the outputs of a gate's second layer, `a = W2 h + β`, become weights `v` (METHOD §2).
public enum GateForm: String, Sendable, Codable, CaseIterable {
  /// `v = sparsemax(a / τ)` for each of the two groups: weights that sum to 1, of which those of
  /// candidates far enough behind are zero. The lower the temperature τ, the fewer are left.
  case sparsemax
  /// `v = u / Σu`, `u = max(tanh(a), 0)`, for each of the two groups; a group that is all zero
  /// takes its cheapest candidate.
  case normalized = "normalised"
  /// `v = u`, as published; `u` as above.
  case published
}

/// The candidates of one dynamic convolution (METHOD §1), after collapsing those that do not
/// differ.
public struct PolicySpace: Hashable, Sendable {
  /// `R_a`: every `R_a`-th frame is computed.
  public let temporalStrides: [Int]
  /// `n_b`: the first `n_b` channels are computed.
  public let channelCounts: [Int]

  init(temporalStrides: [Int], channelCounts: [Int]) {
    self.temporalStrides = temporalStrides
    self.channelCounts = channelCounts
  }

  /// The candidates that are left of those asked for.
  /// - Parameters:
  ///   - frames: `T'`, frames of the output; strides beyond it are dropped.
  ///   - channels: `K`; counts are whole blocks of 16, strictly decreasing.
  init(temporalCandidates: Int, channelCandidates: Int, frames: Int, channels: Int) {
    temporalStrides = (0..<temporalCandidates).map { 1 << $0 }.filter { $0 <= frames }
    var counts: [Int] = []
    for b in 0..<channelCandidates {
      let count = Self.channelCount(b, of: channels)
      if counts.last.map({ count < $0 }) ?? true { counts.append(count) }
    }
    channelCounts = counts
  }

  /// The candidates of a layer with this output.
  init(_ configuration: DynamicConfiguration, output: ActivationShape) {
    self.init(
      temporalCandidates: configuration.temporalCandidates,
      channelCandidates: configuration.channelCandidates, frames: output.frames,
      channels: output.channels)
  }

  /// The offered candidate that computes every `2^a`-th frame; where there is none, the next that
  /// computes more.
  func temporalIndex(_ a: Int) -> Int {
    temporalStrides.lastIndex { $0 <= 1 << min(a, 30) } ?? 0
  }

  /// The offered candidate that computes a share `2^−b` of the channels; where there is none, the
  /// next that computes more.
  func channelIndex(_ b: Int) -> Int {
    let count = Self.channelCount(b, of: channelCounts[0])
    return channelCounts.lastIndex { $0 >= count } ?? 0
  }

  /// `n_b` of `channels`: whole blocks of 16 (METHOD §1).
  private static func channelCount(_ b: Int, of channels: Int) -> Int {
    let share = 16 << min(b, 30)
    return min(channels, 16 * ((channels + share - 1) / share))
  }

  /// Pairs of one candidate along time and one along channels.
  var pairs: Int { temporalStrides.count * channelCounts.count }

  /// `St + Sc`.
  var candidates: Int { temporalStrides.count + channelCounts.count }
}

/// The weights that the gates gave a batch, and what has to be computed because of them.
struct Policy {
  /// `v_t [N, St]`.
  var temporal: [Float]
  /// `v_c [N, Sc]`.
  var channel: [Float]
  let space: PolicySpace

  init(_ space: PolicySpace, batch: Int) {
    self.space = space
    temporal = [Float](repeating: 0, count: batch * space.temporalStrides.count)
    channel = [Float](repeating: 0, count: batch * space.channelCounts.count)
  }

  /// `v_t` of one clip.
  func temporalWeights(_ clip: Int) -> ArraySlice<Float> {
    let count = space.temporalStrides.count
    return temporal[clip * count..<(clip + 1) * count]
  }

  /// `v_c` of one clip.
  func channelWeights(_ clip: Int) -> ArraySlice<Float> {
    let count = space.channelCounts.count
    return channel[clip * count..<(clip + 1) * count]
  }

  /// Weight 1 for one candidate along time and one along channels, by their places in the space.
  mutating func take(_ a: Int, _ b: Int, clip: Int) {
    let (st, sc) = (space.temporalStrides.count, space.channelCounts.count)
    for i in 0..<st { temporal[clip * st + i] = i == a ? 1 : 0 }
    for i in 0..<sc { channel[clip * sc + i] = i == b ? 1 : 0 }
  }

  /// What clip `clip` needs: `R_a*` and `n_b*`, the first candidates with a weight above zero; the
  /// cheapest where all weights are zero (the output is then zero).
  func part(_ clip: Int) -> ConvolutionPart {
    let (a, b) = chosen(clip)
    return ConvolutionPart(
      channels: space.channelCounts[b], temporalStride: space.temporalStrides[a])
  }

  /// `a*` and `b*` of clip `clip`.
  func chosen(_ clip: Int) -> (temporal: Int, channel: Int) {
    (Self.chosen(temporalWeights(clip)), Self.chosen(channelWeights(clip)))
  }

  /// Candidates of clip `clip` that have a weight above zero; at least one an axis counts, as one
  /// is computed whatever the weights.
  func openCandidates(_ clip: Int) -> Int {
    func open(_ weights: ArraySlice<Float>) -> Int { max(1, weights.count { $0 > 0 }) }
    return open(temporalWeights(clip)) + open(channelWeights(clip))
  }

  /// Whether clip `clip`'s output is the convolution itself: nothing is reconstructed or scaled.
  func isWhole(_ clip: Int) -> Bool {
    func isFirstOnly(_ weights: ArraySlice<Float>) -> Bool {
      weights.first == 1 && weights.dropFirst().allSatisfy { $0 == 0 }
    }
    return isFirstOnly(temporalWeights(clip)) && isFirstOnly(channelWeights(clip))
  }

  /// The first candidate with a weight above zero; the last, cheapest one where there is none.
  static func chosen(_ weights: ArraySlice<Float>) -> Int {
    (weights.firstIndex { $0 > 0 } ?? weights.endIndex - 1) - weights.startIndex
  }
}
