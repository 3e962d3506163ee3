// What the parts of a network are built with.

/// What a network's units share while they are built and run.
final class NetworkContext {
  /// What their layers share.
  let layers: LayerContext
  let hook = FeatureHook()
  let dynamic: DynamicConfiguration?
  /// The dynamic layers in the order of the forward pass, with their names and inputs.
  private(set) var dynamicLayers: [(name: String, layer: DynamicConvolution, input: FeatureMap)] =
    []
  /// One clip's multiply-accumulates outside the dynamic layers.
  private(set) var staticMACs = 0
  /// Floats of a clip in the largest feature map, and spatial means of the one with the most.
  private(set) var (largestMap, mostMeans) = (0, 0)

  init(
    batch: Int, dynamic: DynamicConfiguration?, reducer: StatisticsReducer?,
    clipsPerStep: Int? = nil
  ) {
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

  /// A dynamic convolution of `input`; nil in a fixed network.
  func dynamicConvolution(
    _ geometry: ConvolutionGeometry, of input: FeatureMap, name: String
  ) -> DynamicConvolution? {
    guard let dynamic else { return nil }
    let layer = DynamicConvolution(
      geometry, name: name, configuration: dynamic, context: layers)
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
