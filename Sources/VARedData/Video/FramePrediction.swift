// Which frames a video shows, told from its packets before any decoding.

/// What the packets of a video say about the frames it shows.
///
/// Decoding everything is the truth and costs as much as the video is long. The packets tell the
/// same of a sound file whose timestamps do not contradict each other. Where they cannot,
/// `isCertain` is false, and the frames are counted by decoding.
struct FramePrediction: Equatable {
  /// The packets of the frames in display order, if the packets were right.
  let order: [Int]
  /// The packets tell all, but for the frames in `head`.
  let isCertain: Bool
  /// The first packets, when the file starts with pictures that a decoder may leave out because
  /// what they refer to is missing: `0..<n` are to be decoded to know which.
  let head: Range<Int>?
  /// The place of each packet in display order, those not shown included.
  private let rank: [Int]
  private let stream: [VideoPacket]

  /// - Parameters:
  ///   - stream: the packets in decoding order.
  ///   - delay: frames that the decoder holds back to bring them into order.
  ///   - unitSeconds: seconds in a unit of the time base.
  init(_ stream: [VideoPacket], delay: Int, unitSeconds: Double) {
    self.stream = stream
    let all = FramePrediction.displayOrder(stream, delay: delay)
    let byKind = FramePrediction.orderByKind(stream)
    order = (all ?? Array(stream.indices)).filter {
      !stream[$0].isDiscarded && stream[$0].picture.shown != 0
    }
    var rank = [Int](repeating: 0, count: stream.count)
    for (place, packet) in (all ?? []).enumerated() { rank[packet] = place }
    self.rank = rank
    let isKnown = stream.allSatisfy { $0.picture.shown.map { $0 < 2 } == true }
    isCertain =
      isKnown && all != nil && (byKind == nil || byKind == all && stream[0].picture.isEntry)
      && !(stream.contains(where: \.picture.isBetween) && all == Array(stream.indices))
      && FramePrediction.timesAgree(order, stream, rank, delay: delay, unitSeconds)
    head = FramePrediction.head(stream, rank)
  }

  /// A decoder must come to all these frames, unless the file is damaged.
  var isSound: Bool { isCertain && head == nil }

  /// The last packet where decoding may start and still come to packet `packet`.
  func entry(before packet: Int) -> Int {
    stream[...packet].indices.last {
      stream[$0].picture.isEntry && rank[$0] <= rank[packet]
    } ?? 0
  }

  /// Packet `packet` is shown at or after packet `other`.
  func follows(_ packet: Int, _ other: Int) -> Bool {
    rank.indices.contains(packet) && rank[packet] >= rank[other]
  }

  /// By presentation time where every packet has one; else by the kinds of pictures; else,
  /// without reordering, as they come.
  private static func displayOrder(_ stream: [VideoPacket], delay: Int) -> [Int]? {
    if stream.allSatisfy({ $0.pts != nil }) {
      return stream.indices.sorted { (stream[$0].pts!, $0) < (stream[$1].pts!, $1) }
    }
    return orderByKind(stream) ?? (delay == 0 ? Array(stream.indices) : nil)
  }

  /// The order of codecs whose B pictures come right after the reference shown after them; nil for
  /// codecs with other rules.
  private static func orderByKind(_ stream: [VideoPacket]) -> [Int]? {
    var order: [Int] = []
    var held: Int?
    for packet in stream.indices {
      guard let isBidirectional = stream[packet].picture.isBidirectional else { return nil }
      if isBidirectional {
        order.append(packet)
      } else {
        if let held { order.append(held) }
        held = packet
      }
    }
    return order + [held].compactMap { $0 }
  }

  /// Presentation times are distinct and in an order that a decoder can deliver.
  private static func timesAgree(
    _ order: [Int], _ stream: [VideoPacket], _ rank: [Int], delay: Int, _ unitSeconds: Double
  ) -> Bool {
    guard stream.allSatisfy({ $0.pts != nil }) else { return true }
    let times = order.map { stream[$0].pts! }
    let decoding = stream.compactMap(\.dts)
    guard zip(times, times.dropFirst()).allSatisfy(<),
      zip(decoding, decoding.dropFirst()).allSatisfy(<=)
    else { return false }
    // A single wrong timestamp moves its picture to another place.
    let hasGaps = DisplayTimes(times, unitSeconds: unitSeconds).gaps != nil
    if hasGaps { return order == order.sorted() }
    return decoding.count == stream.count
      ? stream.allSatisfy { $0.pts! >= $0.dts! }
      : stream.indices.allSatisfy { $0 - rank[$0] <= delay }
  }

  /// More packets than a decoder holds back.
  private static let recoveryPackets = 64

  /// From the first packet on to the end of its group of pictures, if any picture in it may miss
  /// what it refers to.
  private static func head(_ stream: [VideoPacket], _ rank: [Int]) -> Range<Int>? {
    let entries = stream.indices.filter { stream[$0].picture.isEntry }
    guard let first = entries.first else { return stream.indices }
    let next = entries.dropFirst().first { rank[$0] > rank[first] }
    let end =
      next.flatMap { next in stream.indices.last { rank[$0] < rank[next] } } ?? stream.count - 1
    if stream[first].picture.isRecovery {
      return 0..<max(end + 1, min(stream.count, first + recoveryPackets))
    }
    let isWhole =
      first == 0
      && !stream[...end].indices.contains { rank[$0] < rank[0] && !stream[$0].isDiscarded }
    return isWhole ? nil : 0..<end + 1
  }
}
