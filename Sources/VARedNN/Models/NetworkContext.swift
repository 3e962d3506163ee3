// What the parts of a network are built with.

/// What a network's units share while they are built and run.
final class NetworkContext {
  /// What their layers share.
  let layers: LayerContext
  let hook = FeatureHook()
  let dynamic: DynamicConfiguration?
  /// What candidates take, where costs are in seconds.
  let seconds: CandidateSeconds?
  /// The dynamic layers in the order of the forward pass, with their names and inputs.
  private(set) var dynamicLayers: [(name: String, layer: DynamicConvolution, input: FeatureMap)] =
    []
  /// Convolutions that may be dynamic.
  private var layerNames: Set<String> = []
  /// Layers that a table of seconds has nothing to say of, or other candidates.
  private(set) var layersWithoutSeconds: [String] = []
  /// One clip's multiply-accumulates outside the dynamic layers.
  private(set) var staticMACs = 0
  /// Floats of a clip in the largest feature map, and spatial means of the one with the most.
  private(set) var (largestMap, mostMeans) = (0, 0)

  init(
    batch: Int, dynamic: DynamicConfiguration?, seconds: CandidateSeconds? = nil,
    reducer: StatisticsReducer?, clipsPerStep: Int? = nil
  ) {
    self.seconds = dynamic == nil ? nil : seconds
    layers = LayerContext(batch: batch, reducer: reducer, clipsPerStep: clipsPerStep)
    self.dynamic = dynamic
  }

  var parameters: Parameters { layers.parameters }

  func addStatic(macs: Int) { staticMACs += macs }

  /// The output of a unit.
  /// - Parameters:
  ///   - storage: memory lent to it; nil gives it memory of its own.
  ///   - feedsGate: whether a gate may read it.
  func featureMap(
    _ shape: ActivationShape, in storage: Scratch? = nil, feedsGate: Bool = true
  ) -> FeatureMap {
    largestMap = max(largestMap, shape.clipFloats)
    mostMeans = max(mostMeans, shape.meanCount)
    let takesMotion = feedsGate && dynamic?.motionEnergy == true
    return FeatureMap(
      shape, batch: layers.batch, in: storage,
      motion: takesMotion ? layers.workspace.framesBefore : nil)
  }

  /// A convolution that computes everything.
  /// - Parameter isStem: whether it reads plain clips.
  func fixedConvolution(
    _ geometry: ConvolutionGeometry, name: String, isStem: Bool = false
  ) -> UnitConvolution {
    addStatic(macs: geometry.macs)
    return .fixed(Convolution(geometry, name: name, isStem: isStem, context: layers))
  }

  /// A convolution of `input` that is dynamic where the network is.
  func convolution(
    _ geometry: ConvolutionGeometry, of input: FeatureMap, name: String
  ) -> UnitConvolution {
    dynamicConvolution(geometry, of: input, name: name).map(UnitConvolution.dynamic)
      ?? fixedConvolution(geometry, name: name)
  }

  /// - Throws: `NetworkError` if a table of seconds is not of the network that was built, or no
  ///   candidate of it saves any.
  func requireSeconds(_ seconds: CandidateSeconds) throws {
    let strangers = seconds.layers.map(\.name).filter { !layerNames.contains($0) }
    if let name = layersWithoutSeconds.first ?? strangers.first {
      throw NetworkError(
        setting: "cost-table",
        problem: "expected the seconds of this network's layers and candidates, found others "
          + "(\(name)); take those of the same model, width, frames, size and candidates")
    }
    guard seconds.isSound else {
      throw NetworkError(
        setting: "cost-table", problem: "expected seconds, found numbers that cannot be some")
    }
    guard !dynamicLayers.isEmpty else {
      throw NetworkError(
        setting: "cost-unit",
        problem: "expected candidates that save seconds here, found none; take macs, larger clips "
          + "or a larger batch")
    }
  }

  /// A dynamic convolution of `input`; nil in a fixed network, and where no candidate saves
  /// seconds.
  func dynamicConvolution(
    _ geometry: ConvolutionGeometry, of input: FeatureMap, name: String
  ) -> DynamicConvolution? {
    guard let dynamic else { return nil }
    var space = PolicySpace(dynamic, output: geometry.output)
    layerNames.insert(name)
    var own: LayerSeconds?
    if let seconds {
      guard let found = seconds.layers.first(where: { $0.name == name }), found.isSound,
        found.temporalStrides == space.temporalStrides, found.channelCounts == space.channelCounts
      else {
        layersWithoutSeconds.append(name)
        return nil
      }
      guard found.isWorthAGate else { return nil }
      (own, space) = (found, found.space)
    }
    let layer = DynamicConvolution(
      geometry, space: space, seconds: own, name: name, configuration: dynamic, context: layers)
    dynamicLayers.append((name, layer, input))
    return layer
  }
}

/// A unit's convolution, with one face for both kinds.
enum UnitConvolution {
  case fixed(Convolution)
  case dynamic(DynamicConvolution)

  var geometry: ConvolutionGeometry {
    switch self {
    case .fixed(let convolution): convolution.geometry
    case .dynamic(let layer): layer.convolution.geometry
    }
  }
}
