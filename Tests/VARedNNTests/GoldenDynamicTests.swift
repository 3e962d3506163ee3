// The dynamic convolution under given policies, and the gate alone, against the PyTorch reference.

import GoldenFiles
import TestSupport
import Testing

@testable import VARedNN

@Suite struct GoldenDynamicTests {
  static let layers = [
    "spatial-2x2", "spatial-stride-3x3", "temporal-3x2", "temporal-stride-2x3",
    "temporal-odd-3x3-published", "spatial-odd-3x2-published", "spatial-1x3", "temporal-3x1",
    "temporal-collapsed", "spatial-1x1-output",
  ]

  /// A dynamic layer of the golden file's geometry, with its weights and its policy.
  private func layer(
    _ name: String, _ golden: GoldenFile
  ) throws -> (layer: DynamicConvolution, context: LayerContext, x: FeatureMap) {
    let path = "/layers/\(name)"
    let (shape, kernel) = (try golden.shape("\(path)/x"), try golden.shape("\(path)/weight"))
    let stride = try golden.integers("\(path)/stride")
    let strides = try golden.integers("\(path)/temporal_strides")
    let counts = try golden.integers("\(path)/channel_counts")
    var dynamic = DynamicConfiguration()
    dynamic.temporalCandidates = strides.count
    dynamic.channelCandidates = counts.count
    dynamic.gateForm = name.hasSuffix("published") ? .published : .normalized
    let context = LayerContext(batch: shape[0])
    let geometry = ConvolutionGeometry(
      input: ActivationShape(
        channels: shape[1], frames: shape[2], height: shape[3], width: shape[4]),
      outChannels: kernel[0], kernel: Extent(kernel[2], kernel[3], kernel[4]),
      stride: Extent(stride[0], stride[1], stride[2]))
    let layer = DynamicConvolution(
      geometry, space: PolicySpace(dynamic, output: geometry.output), name: "conv",
      configuration: dynamic, context: context)
    #expect(layer.gate.space.temporalStrides == strides)
    #expect(layer.gate.space.channelCounts == counts)
    let parameters = context.parameters
    parameters.allocate(seed: 1)
    for entry in parameters.entries where !entry.isGate {
      parameters.setLogical(
        entry, in: parameters.values, try golden.floats("\(path)/\(entry.name.dropFirst(5))"))
    }
    layer.gate.policy.temporal = try golden.floats("\(path)/v_t")
    layer.gate.policy.channel = try golden.floats("\(path)/v_c")
    let x = FeatureMap(geometry.input, batch: shape[0])
    x.set(try golden.floats("\(path)/x"), clips: shape[0])
    return (layer, context, x)
  }

  @Test(arguments: layers) func layer(_ name: String) throws {
    let golden = try GoldenFile("dynamic.h5")
    let path = "/layers/\(name)"
    let (layer, context, x) = try layer(name, golden)
    let (geometry, clips) = (layer.convolution.geometry, x.batch)
    var y = [Float](repeating: .nan, count: clips * geometry.output.clipFloats)
    context.counter.start()
    layer.execute(x, clips: clips, into: &y)
    layer.writeAll(clips: clips, into: &y)
    expectClose(
      Blocked.plain(y, geometry.output, clips: clips), try golden.floats("\(path)/y"), "y")
    let conv = try golden.integers("\(path)/executed_conv_macs")
    let cheap = try golden.integers("\(path)/cheap_macs")
    #expect(context.counter.macs == (conv + cheap).reduce(0, +))

    let dy = Blocked.from(try golden.floats("\(path)/dy"), geometry.output, clips: clips)
    var dx = [Float](repeating: .nan, count: clips * geometry.input.clipFloats)
    var df = [Float](repeating: .nan, count: clips * geometry.output.clipFloats)
    dx.withUnsafeMutableBufferPointer { dx in
      layer.executeBackward(
        GivenGradient(dy, geometry.output), x: x.asInput(clips), computed: &df,
        into: MutableBlockedClips(dx.baseAddress!, geometry.input, count: clips))
    }
    let found = layer.gate.gradient
    expectClose(
      Blocked.plain(dx, geometry.input, clips: clips), try golden.floats("\(path)/dx"), "dx")
    let parameters = context.parameters
    for entry in parameters.entries where !entry.isGate {
      expectClose(
        parameters.logical(entry, of: parameters.gradients),
        try golden.floats("\(path)/d\(entry.name.dropFirst(5))"), entry.name)
    }
    let policy = layer.gate.policy
    try expectOpen(found.temporal, policy.temporal, golden, "\(path)/dv_t", form: layer.gate.form)
    try expectOpen(found.channel, policy.channel, golden, "\(path)/dv_c", form: layer.gate.form)
  }

  /// The weights' gradients where a candidate runs, and where it is not alone in a normalized
  /// group.
  private func expectOpen(
    _ found: [Float], _ weights: [Float], _ golden: GoldenFile, _ path: String, form: GateForm
  ) throws {
    let expected = try golden.floats(path)
    let candidates = try golden.shape(path)[1]
    let scale = expected.reduce(Float(0)) { max($0, abs($1)) }
    for i in found.indices where weights[i] > 0 {
      if form == .normalized && weights[i] == 1 && candidates > 0 { continue }
      #expect(abs(found[i] - expected[i]) <= 1e-4 * scale, "\(path)[\(i)]")
    }
  }

  @Test(arguments: [
    ("dynamic.h5", "normalised"), ("dynamic.h5", "published"), ("dynamic.h5", "normalised-single"),
    ("adaptive.h5", "motion-normalised"), ("adaptive.h5", "motion-published"),
    ("adaptive.h5", "motion-one-frame"), ("sparsemax.h5", "sparsemax"),
    ("sparsemax.h5", "sparsemax-cold"), ("sparsemax.h5", "sparsemax-hot"),
    ("sparsemax.h5", "sparsemax-single"), ("sparsemax.h5", "sparsemax-motion"),
  ])
  func gate(_ file: String, _ name: String) throws {
    let golden = try GoldenFile(file)
    let path = "/gates/\(name)"
    let shape = try golden.shape("\(path)/x")
    let context = LayerContext(batch: shape[0])
    let parameters = context.parameters
    var configuration = DynamicConfiguration()
    configuration.gateForm =
      name.hasPrefix("sparsemax")
      ? .sparsemax : name.hasSuffix("published") ? .published : .normalized
    configuration.motionEnergy = name.contains("motion")
    let input = ActivationShape(
      channels: shape[1], frames: shape[2], height: shape[3], width: shape[4])
    let gate = SoftModulationGate(
      PolicySpace(
        temporalStrides: try golden.integers("\(path)/temporal_strides"),
        channelCounts: try golden.integers("\(path)/channel_counts")),
      input: input, configuration: configuration, name: "gate", context: context)
    parameters.allocate(seed: 1)
    for entry in parameters.entries {
      parameters.setLogical(
        entry, in: parameters.values, try golden.floats("\(path)/model/\(entry.name.dropFirst(5))"))
    }
    for buffer in parameters.buffers {
      parameters.setBuffer(buffer, try golden.floats("\(path)/model/\(buffer.name.dropFirst(5))"))
    }
    let x = FeatureMap(input, batch: shape[0], motion: Scratch())
    x.set(try golden.floats("\(path)/x"), clips: shape[0])

    try gate.forward(x, count: shape[0], training: false)
    expectClose(gate.policy.temporal, try golden.floats("\(path)/inference/v_t"), "inference v_t")
    expectClose(gate.policy.channel, try golden.floats("\(path)/inference/v_c"), "inference v_c")

    try gate.forward(x, count: shape[0], training: true)
    expectClose(gate.policy.temporal, try golden.floats("\(path)/v_t"), "v_t")
    expectClose(gate.policy.channel, try golden.floats("\(path)/v_c"), "v_c")
    for buffer in parameters.buffers where buffer.name.contains("running") {
      expectClose(
        parameters.bufferLogical(buffer),
        try golden.floats("\(path)/updated/\(buffer.name.dropFirst(5))"), buffer.name)
    }
    gate.gradient = SoftModulationGate.PolicyGradient(
      temporal: try golden.floats("\(path)/dv_t"), channel: try golden.floats("\(path)/dv_c"),
      temporalCost: .init(repeating: 0, count: gate.policy.temporal.count),
      channelCost: .init(repeating: 0, count: gate.policy.channel.count))
    var dMeans = [Float](repeating: .nan, count: shape[0] * input.meanCount)
    var dx = [Float](repeating: 0, count: shape[0] * input.clipFloats)
    try dx.withUnsafeMutableBufferPointer {
      try gate.backward(
        x.asInput(shape[0]), into: &dMeans,
        dx: MutableBlockedClips($0.baseAddress!, input, count: shape[0]))
    }
    dx = Blocked.plain(dx, input, clips: shape[0])
    for i in dx.indices { dx[i] += dMeans[i / input.framePixels] }
    expectClose(dx, try golden.floats("\(path)/dx"), "dx")
    for entry in parameters.entries {
      expectClose(
        parameters.logical(entry, of: parameters.gradients),
        try golden.floats("\(path)/gradients/\(entry.name.dropFirst(5))"), entry.name)
    }
  }
}
