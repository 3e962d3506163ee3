// The count of METHOD §3 from shapes, parameters and policies alone: nothing here asks the layers.

@testable import VARedNN

enum ShapeCount {
  /// One clip of the fixed network, layer by layer.
  static func fixed(_ layers: [LayerOperations]) -> [OperationCount] {
    let last = layers.last { $0.kind == .batchNorm }
    return layers.map { layer in
      let elements = layer.output.reduce(1, *)
      switch layer.kind {
      case .convolution:
        // Without a bias every parameter is used once at each place of the output.
        let macs = layer.parameters * layer.output.dropFirst().reduce(1, *)
        return OperationCount(macs: macs, flops: 2 * macs)
      case .batchNorm:
        // Scale, shift; ReLU, mean, or the two of swish; the shortcut's sum at the end of a block.
        let isShortcut =
          layer.name.hasSuffix("downsample.1") || layer.name.hasSuffix("branch1_norm")
        let endsBlock = layer.name.hasSuffix("conv2.1") || layer.name.hasSuffix("norm_c")
        return OperationCount(flops: (isShortcut ? 2 : endsBlock ? 5 : 4) * elements)
      case .squeezeExcitation:
        // Two layers with biases: R·(C + 1) and C·(R + 1) parameters. Then ReLU and sigmoid, and
        // of every element its part in the mean and the factor.
        let channels = layer.output[0]
        let hidden = (layer.parameters - channels) / (2 * channels + 1)
        let macs = 2 * channels * hidden
        let norm = layers.first { $0.name == layer.name.dropLast(1) + "0" }
        return OperationCount(
          macs: macs,
          flops: 2 * macs + 2 * (channels + hidden) + 2 * (norm?.output.reduce(1, *) ?? 0))
      case .pooling:
        return OperationCount(flops: elements * (last?.output[1] ?? 0))
      case .classifier:
        // A bias, or, where there is none, a ReLU.
        let macs = layer.parameters - (layer.name.hasSuffix("post_conv") ? 0 : elements)
        return OperationCount(macs: macs, flops: 2 * macs + elements)
      case .gate, .cheapOperations:
        return OperationCount()
      }
    }
  }

  /// All clips of a dynamic network's dynamic layers, by name.
  static func dynamic(
    _ network: VideoNetwork, _ layers: [LayerOperations], _ found: Inference, runsGates: Bool,
    clips: Int
  ) -> [String: OperationCount] {
    var counts: [String: OperationCount] = [:]
    // A convolution reads the output of the one before it, shortcuts apart.
    let chain = layers.filter {
      $0.kind == .convolution && !$0.name.contains("downsample") && !$0.name.contains("branch1")
    }
    for (l, info) in network.dynamicLayers.enumerated() {
      guard let place = chain.firstIndex(where: { $0.name == info.name }) else { continue }
      let (layer, input) = (chain[place], chain[place - 1].output)
      let (st, sc) = (info.temporalStrides.count, info.channelCounts.count)
      for clip in 0..<clips {
        let temporal = Array(found.temporal[l][clip * st..<(clip + 1) * st])
        let channel = Array(found.channel[l][clip * sc..<(clip + 1) * sc])
        let part = DynamicShape(info, output: layer.output, temporal, channel)
        let macs =
          layer.parameters / layer.output[0] * part.channels * part.frames * part.pixels
        counts[info.name, default: .init()] =
          counts[info.name, default: .init()] + OperationCount(macs: macs, flops: 2 * macs)
        counts["\(info.name).phi", default: .init()] =
          counts["\(info.name).phi", default: .init()] + part.mixing
      }
      let gate = gate(network, input: input, candidates: st + sc)
      counts["\(info.name).gate"] =
        runsGates
        ? OperationCount(macs: clips * gate.macs, flops: clips * gate.flops) : OperationCount()
    }
    // The mean behind a swish, which a gate reads.
    for layer in layers where layer.name.hasSuffix("norm_b.0") {
      counts[layer.name] = OperationCount(flops: clips * 5 * layer.output.reduce(1, *))
    }
    return counts
  }

  private static func gate(
    _ network: VideoNetwork, input: [Int], candidates: Int
  ) -> OperationCount {
    guard let dynamic = network.configuration.dynamic else { return OperationCount() }
    let hidden = dynamic.gateHidden
    let means = input[0] * input[1] * (dynamic.motionEnergy ? 2 : 1)
    let macs = hidden * means + candidates * hidden
    let energy = 3 * input[0] * (input[1] - 1) * input[2] * input[3]
    let weights = dynamic.gateForm == .published ? 2 : 4
    return OperationCount(
      macs: macs,
      flops: 2 * macs + candidates + 3 * hidden + weights * candidates
        + (dynamic.motionEnergy ? energy : 0))
  }
}

/// What one clip computes and mixes in one dynamic layer.
private struct DynamicShape {
  /// `n_b*`, `⌈T'/R_a*⌉` and `H'·W'`.
  let channels: Int
  let frames: Int
  let pixels: Int
  private(set) var mixing = OperationCount()

  init(_ info: DynamicLayerInfo, output: [Int], _ temporal: [Float], _ channel: [Float]) {
    let strides = info.temporalStrides
    let a = temporal.firstIndex { $0 > 0 } ?? strides.count - 1
    let b = channel.firstIndex { $0 > 0 } ?? channel.count - 1
    channels = info.channelCounts[b]
    frames = (output[1] + strides[a] - 1) / strides[a]
    pixels = output[2] * output[3]

    for k in 0..<output[0] {
      let open = zip(info.channelCounts, channel).map { (isOwn: k < $0, weight: $1) }
      add(open, planes: frames)
    }
    for t in 0..<output[1] {
      add(zip(strides, temporal).map { (t % $0 == 0, $1) }, planes: output[0])
    }
  }

  /// A channel or a frame of so many planes, from candidates that take what was computed, or pass
  /// it through a kernel. A copy costs nothing.
  private mutating func add(_ candidates: [(isOwn: Bool, weight: Float)], planes: Int) {
    let own = candidates.reduce(0) { $1.isOwn ? $0 + $1.weight : $0 }
    let kernels = candidates.count { !$0.isOwn && $0.weight > 0 }
    let isCopy = kernels == 0 && abs(own - 1) < 1e-6
    add(terms: isCopy ? 0 : (own > 0 ? 1 : 0) + kernels, kernels: kernels, planes: planes)
  }

  /// Two operations for each term, nine multiply-accumulates for each kernel.
  private mutating func add(terms: Int, kernels: Int, planes: Int) {
    mixing.macs += 9 * kernels * planes * pixels
    mixing.flops += (2 * terms + 18 * kernels) * planes * pixels
  }
}
