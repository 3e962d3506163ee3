// What a network ran, how long it took, and what its convolutions put out.

extension VideoNetwork {
  private var counter: ExecutionCounter { context.layers.counter }

  /// Starts to count, from zero, what layers record and what arrives at the engines; costs nearly
  /// nothing. One network of a process at a time.
  public func startCounting() { counter.start() }

  /// Multiply-accumulates recorded in forward passes since `startCounting`: what `executedMACs` is
  /// held against.
  public var recordedMACs: Int { counter.macs }

  /// What every layer recorded in forward passes since `startCounting`, in the order of the layers.
  public var layerOperations: [LayerOperations] {
    LayerOperations.all(of: counter.records, parameters)
  }

  /// Calls of the engines since `startCounting`: that arrived there, and that a layer recorded.
  /// Equal after inference, or an operation is not counted.
  public var engineCalls: (arrived: Int, recorded: Int) {
    (counter.engineCalls, counter.recordedCalls)
  }

  /// Starts to measure where time goes, from zero.
  public func startProfile() {
    counter.profile.clear()
    counter.profile.isOn = true
  }

  /// Seconds by kind and by convolution since `startProfile`.
  public var profile: WorkTotals { counter.profile.totals }

  /// Called during inference with the output of every convolution of the residual blocks, in their
  /// order; nil, which costs nothing: not called. What it sees is what inference computes: set
  /// `policies` to `.full` for whole features of a dynamic network.
  public var observeFeatures: ((LayerFeatures) -> Void)? {
    get { context.hook.observe }
    set { context.hook.observe = newValue }
  }
}
