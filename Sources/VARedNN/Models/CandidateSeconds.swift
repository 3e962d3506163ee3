// What a network's candidates take in seconds on a machine (METHOD §3, "In seconds").

/// What the candidates of a network take on the machine that it is trained on.
public struct CandidateSeconds: Equatable, Sendable, Codable {
  /// The network that was measured.
  public let architecture: Architecture
  /// Its channel multiplier.
  public let width: Double
  /// Frames of a clip.
  public let frames: Int
  /// Height and width of a clip, in pixels.
  public let size: Int
  /// Clips of the passes that were measured.
  public let batch: Int
  /// Threads of each rank that measured.
  public let threads: Int
  /// Of a clip, all of the fixed network of the same shape.
  public package(set) var fixed: Double
  /// Of a clip, outside the layers.
  public let rest: Double
  /// In the order of the network.
  public let layers: [LayerSeconds]

  /// A network's seconds.
  ///
  /// - Parameters:
  ///   - network: what was measured.
  ///   - batch: clips of the passes that were measured.
  ///   - threads: of each rank.
  ///   - fixed: of a clip, all of the fixed network of the same shape.
  ///   - rest: of a clip, outside the layers.
  ///   - layers: in the order of the network.
  public init(
    of network: NetworkConfiguration, batch: Int, threads: Int, fixed: Double, rest: Double,
    layers: [LayerSeconds]
  ) {
    (architecture, width) = (network.architecture, network.width)
    (frames, size) = (network.frames, network.size)
    (self.batch, self.threads) = (batch, threads)
    (self.fixed, self.rest, self.layers) = (fixed, rest, layers)
  }

  /// Other seconds of what `other` is of.
  private init(like other: CandidateSeconds, fixed: Double, rest: Double, layers: [LayerSeconds]) {
    (architecture, width) = (other.architecture, other.width)
    (frames, size) = (other.frames, other.size)
    (batch, threads) = (other.batch, other.threads)
    (self.fixed, self.rest, self.layers) = (fixed, rest, layers)
  }

  /// Whether these are numbers that can be computed with, of layers that are all different.
  public var isSound: Bool {
    guard batch > 0, threads > 0, fixed > 0, fixed <= LayerSeconds.most,
      (0...LayerSeconds.most).contains(rest),
      layers.allSatisfy(\.isSound), Set(layers.map(\.name)).count == layers.count
    else { return false }
    let dearest = layers.reduce(rest) { sum, layer in
      let open = layer.temporalStrides.count + layer.channelCounts.count
      let most = layer.gate + layer.term * Double(open) + layer.scatter
      return sum + most + (layer.seconds.max() ?? 0)
    }
    return dearest <= LayerSeconds.mostShare * fixed
  }

  /// Of a clip, everything computed and no gate asked, in a network that could do otherwise.
  /// - Precondition: `isSound`, here and below.
  public var full: Double { layers.reduce(rest) { $0 + $1.full } }

  /// The time ratio of gates that leave open all that they are offered.
  public var openRatio: Double {
    let worth = layers.filter(\.isWorthAGate)
    let open = worth.reduce(constant) { sum, layer in
      sum + layer.full + layer.gate + layer.term * Double(layer.space.candidates - 2)
    }
    return open / fixed
  }

  /// What no policy changes: outside the layers, and those that are not worth a gate.
  var constant: Double {
    layers.reduce(rest) { $0 + ($1.isWorthAGate ? 0 : $1.full) }
  }

  /// Layers whose gates are worth their seconds, and those of them that are offered all candidates.
  public var layersWorthAGate: (all: Int, withAllCandidates: Int) {
    let worth = layers.filter(\.isWorthAGate)
    let whole = worth.filter {
      $0.space.candidates == $0.temporalStrides.count + $0.channelCounts.count
    }
    return (worth.count, whole.count)
  }

  /// What a network must share with the one that was measured.
  public func isOf(_ network: NetworkConfiguration) -> Bool {
    architecture == network.architecture && width == network.width && frames == network.frames
      && size == network.size
  }

  /// The mean of what ranks measured, entry by entry; nil: they are not of the same layers.
  public static func mean(_ tables: [CandidateSeconds]) -> CandidateSeconds? {
    guard let first = tables.first, tables.allSatisfy({ $0.isAlike(first) }) else { return nil }
    func mean(_ value: (CandidateSeconds) -> Double) -> Double {
      rounded(tables.reduce(0) { $0 + value($1) } / Double(tables.count))
    }
    return CandidateSeconds(
      like: first, fixed: mean(\.fixed), rest: mean(\.rest),
      layers: first.layers.enumerated().map { l, layer in
        LayerSeconds(
          name: layer.name, temporalStrides: layer.temporalStrides,
          channelCounts: layer.channelCounts,
          seconds: layer.seconds.indices.map { i in mean { $0.layers[l].seconds[i] } },
          gate: mean { $0.layers[l].gate }, term: mean { $0.layers[l].term },
          scatter: mean { $0.layers[l].scatter })
      })
  }

  private func isAlike(_ other: CandidateSeconds) -> Bool {
    layers.count == other.layers.count
      && zip(layers, other.layers).allSatisfy {
        $0.name == $1.name && $0.seconds.count == $1.seconds.count
      }
  }

  /// To a nanosecond, and one at least where it is not nothing.
  private static func rounded(_ seconds: Double) -> Double {
    seconds > 0 ? max(1, (seconds * 1e9).rounded()) / 1e9 : 0
  }
}
