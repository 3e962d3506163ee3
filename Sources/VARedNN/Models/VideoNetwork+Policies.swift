// What decides which candidates a network's dynamic layers take, and what the candidates can do.

extension VideoNetwork {
  /// Hands `policies` to the layers, and has motion energy taken where gates are going to read it.
  func takePolicies() {
    for (_, layer, input) in context.dynamicLayers {
      layer.source = policies
      input.motion?.isWanted = layer.asksGate
    }
  }

  /// τ of sparsemax gates (METHOD §2), of all layers; a running statistic of the network, of which
  /// gates of the other forms have none.
  public var gateTemperature: Float {
    get { layers.first?.gate.temperature ?? 1 }
    set { for layer in layers { layer.gate.temperature = newValue } }
  }

  /// The tilt with which random candidates cost `ratio` on average, in the unit of the loss: of the
  /// dynamic convolutions' MACs, or of the network's seconds.
  /// - Returns: nil where no tilt does: `ratio` lies outside what the candidates can do.
  public func tilt(forMeanRatio ratio: Double) -> Double? {
    func mean(_ tilt: Double) -> Double {
      layers.reduce(constantCost) { $0 + $1.costTerms.full * $1.pairs.meanCost(tilt: tilt) }
    }
    // Beyond ±500 the draw is as good as certain.
    var (low, high) = (-500.0, 500.0)
    guard !layers.isEmpty, mean(high) <= ratio + 1e-9, ratio <= 1 else { return nil }
    for _ in 0..<100 {
      let middle = (low + high) / 2
      (low, high) = mean(middle) > ratio ? (middle, high) : (low, middle)
    }
    return (low + high) / 2
  }

  /// The cost, in the unit of the loss, when every layer takes its cheapest candidates.
  /// - Parameter askingGates: whether it is gates that choose them, which take seconds, too.
  public func leastRatio(askingGates: Bool) -> Double {
    layers.reduce(constantCost) {
      $0 + $1.costTerms.full * $1.pairs.leastCost + (askingGates ? $1.costTerms.gate : 0)
    }
  }
}
