// What every layer of a network is built with.

/// The parts of a network that its layers share while they are built and run.
final class NetworkContext {
  let parameters = Parameters()
  let counter = ExecutionCounter()
  let workspace = Workspace()
  let tap = FeatureTap()
  let batch: Int
  let dynamic: DynamicConfiguration?
  let reducer: StatisticsReducer?
  /// The dynamic layers in the order of the forward pass, with their names.
  private(set) var dynamicLayers: [(name: String, layer: DynamicConvolution)] = []
  /// One clip's multiply-accumulates outside the dynamic layers.
  private(set) var staticMACs = 0

  init(batch: Int, dynamic: DynamicConfiguration?, reducer: StatisticsReducer?) {
    self.batch = batch
    self.dynamic = dynamic
    self.reducer = reducer
  }

  func addStatic(macs: Int) { staticMACs += macs }

  /// The account of the mean of `shape`'s spatial means over time.
  func openPooling(of shape: ActivationShape) -> OperationAccount {
    counter.open(
      "avgpool", .pooling,
      output: ActivationShape(channels: shape.channels, frames: 1, height: 1, width: 1),
      fixed: OperationCount(flops: shape.meanCount))
  }

  /// The account of the classifier, `inputs` × `classes` with a bias.
  func openClassifier(inputs: Int, classes: Int) -> OperationAccount {
    counter.open(
      "fc", .classifier,
      output: ActivationShape(channels: classes, frames: 1, height: 1, width: 1),
      fixed: OperationCount(macs: inputs * classes, flops: (2 * inputs + 1) * classes))
  }

  /// The output of a layer that a gate may follow.
  /// - Parameter storage: memory lent to it; nil gives it memory of its own.
  func activation(_ shape: ActivationShape, in storage: Scratch? = nil) -> Activation {
    Activation(
      shape, batch: batch, in: storage,
      motion: dynamic?.motionEnergy == true ? workspace.framesBefore : nil)
  }

  /// A convolution of a residual block: dynamic where the network is.
  func blockConvolution(_ geometry: ConvolutionGeometry, name: String) -> BlockConvolution {
    guard let dynamic else {
      addStatic(macs: geometry.macs)
      return .fixed(convolution(geometry, name: name))
    }
    let layer = DynamicConvolution(
      geometry, name: name, batch: batch, configuration: dynamic, parameters: parameters,
      workspace: workspace, counter: counter, reducer: reducer)
    dynamicLayers.append((name, layer))
    return .dynamic(layer)
  }

  func convolution(
    _ geometry: ConvolutionGeometry, name: String, isStem: Bool = false
  ) -> Convolution {
    Convolution(
      geometry, name: name, isStem: isStem, parameters: parameters, counter: counter,
      workspace: workspace)
  }
}

/// A convolution that may be dynamic, with one face for both.
enum BlockConvolution {
  case fixed(Convolution)
  case dynamic(DynamicConvolution)

  var geometry: ConvolutionGeometry {
    switch self {
    case .fixed(let convolution): convolution.geometry
    case .dynamic(let layer): layer.convolution.geometry
    }
  }
}
