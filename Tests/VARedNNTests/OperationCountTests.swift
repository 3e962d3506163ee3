// What is recorded to the engines, layer by layer, against the shapes and the policies, and against
// the calls that arrive there.

import CKernels
import Foundation
import Testing

@testable import VARedNN

@Suite(.serialized) struct OperationCountTests {
  private static let clips = 5

  private static func network(
    _ dynamic: DynamicConfiguration?, _ architecture: Architecture = .r2plus1d18
  ) throws -> VideoNetwork {
    var configuration = NetworkConfiguration(classes: 3, frames: 5, size: 32)
    configuration.architecture = architecture
    configuration.width = 0.4
    configuration.dynamic = dynamic
    return try VideoNetwork(configuration, batch: clips, seed: 4, threads: 2)
  }

  /// Clips of different brightness, so that gates that answer differ.
  private static let pixels: [Float] = {
    var random = RandomStream(seed: 7, name: "clips")
    return (0..<clips * 3 * 5 * 32 * 32).map { Float(random.normal()) + Float($0 / 15360) - 2 }
  }()

  private func expectBooked(_ network: VideoNetwork) {
    let calls = network.engineCalls
    #expect(calls.arrived == calls.recorded && calls.arrived > 100)
  }

  // MARK: The fixed network

  @Test(arguments: [Architecture.r2plus1d18, .x3dM])
  func theFixedNetworkIssuesWhatItsShapesSay(_ architecture: Architecture) throws {
    let network = try Self.network(nil, architecture)
    network.startCounting()
    let found = try network.infer(Self.pixels)
    expectBooked(network)
    let layers = network.layerOperations
    for (layer, expected) in zip(layers, ShapeCount.fixed(layers)) {
      #expect(layer.fixed == expected, "\(layer.name)")
      let all = OperationCount(
        macs: Self.clips * expected.macs, flops: Self.clips * expected.flops)
      #expect(layer.recorded == all, "\(layer.name)")
    }
    #expect(layers.reduce(0) { $0 + $1.fixed.macs } == network.fullMACs)
    #expect(found.executedMACs == .init(repeating: network.fullMACs, count: Self.clips))
  }

  /// METHOD §5, at full size. Memory is only reserved.
  @Test func fullSize() throws {
    let network = try VideoNetwork(
      NetworkConfiguration(classes: 400, frames: 8, size: 112), batch: 1, seed: 1, threads: 1)
    let layers = network.layerOperations
    #expect(layers.reduce(0) { $0 + $1.parameters } == 31_505_325)
    let total = layers.reduce(OperationCount()) { $0 + $1.fixed }
    #expect((Double(total.macs) / 1e7).rounded() / 100 == 20.26)
    #expect(total == ShapeCount.fixed(layers).reduce(OperationCount(), +))
    #expect(layers.first { $0.name == "stem.0" }?.output == [45, 8, 56, 56])
    #expect(layers.first { $0.name == "layer4.1.conv2.1" }?.parameters == 1024)
  }

  // MARK: Dynamic networks

  struct Case: CustomTestStringConvertible, Sendable {
    let policies: PolicySource
    let form: GateForm
    let motionEnergy: Bool
    /// Scale of the gates' last weights; 0 leaves them as they start, with every candidate open.
    let answer: Float
    var testDescription: String { "\(policies) \(form) \(motionEnergy) \(answer)" }
  }

  static let cases: [Case] =
    [(0, 0), (0, 1), (1, 0), (2, 2)].map {
      Case(
        policies: .fixed(temporal: $0.0, channel: $0.1), form: .normalized, motionEnergy: false,
        answer: 0)
    } + [
      Case(policies: .gates, form: .normalized, motionEnergy: false, answer: 0),
      Case(policies: .gates, form: .normalized, motionEnergy: true, answer: 3),
      Case(policies: .gates, form: .published, motionEnergy: false, answer: 3),
    ]

  @Test(arguments: cases, [Architecture.r2plus1d18, .x3dM])
  func aDynamicNetworkIssuesWhatItsPoliciesSay(
    _ test: Case, _ architecture: Architecture
  ) throws {
    var dynamic = DynamicConfiguration()
    (dynamic.temporalCandidates, dynamic.channelCandidates) = (3, 3)
    (dynamic.gateForm, dynamic.motionEnergy) = (test.form, test.motionEnergy)
    let network = try Self.network(dynamic, architecture)
    network.policies = test.policies
    if test.answer > 0 { letGatesAnswer(network.parameters, scale: test.answer) }
    network.startCounting()
    let found = try network.infer(Self.pixels)
    expectBooked(network)
    #expect(network.recordedMACs == found.executedMACs.reduce(0, +))
    if test.answer > 0 {
      #expect(Set(found.executedMACs).count > 1, "clips must choose differently")
    }

    let layers = network.layerOperations
    let shapes = ShapeCount.fixed(layers)
    let policies = ShapeCount.dynamic(
      network, layers, found, runsGates: test.policies == .gates, clips: Self.clips)
    for (layer, shape) in zip(layers, shapes) {
      let whole = OperationCount(macs: Self.clips * shape.macs, flops: Self.clips * shape.flops)
      #expect(layer.recorded == policies[layer.name] ?? whole, "\(layer.name)")
      #expect(layer.fixed == shape, "\(layer.name)")
    }
  }

  private func letGatesAnswer(_ parameters: Parameters, scale: Float) {
    for entry in parameters.entries where entry.isGate && entry.name.contains("fc2") {
      let values = normals(entry.shape.reduce(1, *), entry.name)
      let isBias = entry.name.hasSuffix("bias")
      parameters.setLogical(
        entry, in: parameters.values, values.map { isBias ? 0.2 : scale * $0 })
    }
  }

  // MARK: The count of calls itself

  /// Operations without an operations, one of each engine.
  @Test func whatNobodyBooksIsFound() throws {
    let network = try Self.network(nil)
    network.startCounting()
    _ = try network.infer(Self.pixels)
    let (a, b) = (FloatBuffer(256), FloatBuffer(256))
    _ = ChannelBlock.kernels.dot(a.base, b.base, 4)
    OpenBLAS.product(2, 2, 2, a.base, a.base, beta: 0, b.base)
    #expect(network.engineCalls.arrived == network.engineCalls.recorded + 2)
    let context = LayerContext(batch: 1)
    let stranger = Convolution(
      ConvolutionGeometry(
        input: ActivationShape(channels: 16, frames: 1, height: 2, width: 2), outChannels: 16,
        kernel: Extent(1, 1, 1), stride: Extent(1, 1, 1)), name: "conv",
      context: context)
    context.parameters.allocate(seed: 1)
    stranger.forward(a.base, clips: 1, part: stranger.geometry.wholePart, into: b.base)
    #expect(network.engineCalls.arrived == network.engineCalls.recorded + 3)
  }

  /// Each engine is entered where its calls are counted, and nowhere else.
  @Test func everyEngineHasOneDoor() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let files = try #require(
      FileManager.default.enumerator(
        at: sources.appendingPathComponent("VARedNN"), includingPropertiesForKeys: nil))
    var code = ""
    for case let file as URL in files where file.pathExtension == "swift" {
      code += try String(contentsOf: file, encoding: .utf8)
    }
    #expect(Self.calls("cblas_\\w+", in: code) == ["cblas_sgemm"])
    // The yardstick of the benchmark is no operation of a network.
    #expect(
      Self.calls("dnnl_(?:\\w*execute|\\w*gemm)\\w*", in: code).sorted()
        == ["dnnl_primitive_execute", "dnnl_sgemm"])
    let folder = sources.appendingPathComponent("CKernels/kinds")
    var kernels = ""
    for file in try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    where file.pathExtension == "inc" {
      kernels += try String(contentsOf: file, encoding: .utf8)
    }
    let table = Self.matches("(?<= = NAME\\()\\w+(?=\\),\\n)", in: kernels)
    let counting = Self.matches(
      "(?<=NAME\\()\\w+(?=\\)\\([^;{}]*\\) \\{\\n  note_call\\(\\);)", in: kernels)
    #expect(table.count == MemoryLayout<vared_kernels>.size / MemoryLayout<Int>.size)
    #expect(Set(table).isSuperset(of: counting))
    #expect(
      Set(table).subtracting(counting) == [
        "subsample", "upsample_zero", "transpose_tiles", "winograd_weights",
        "winograd_weight_floats", "winograd_scratch", "winograd_gradient_items",
        "winograd_gradient_block", "winograd_gradient_floats", "weight_gradient_scratch",
      ])
  }

  /// What `pattern` finds in front of a parenthesis.
  private static func calls(_ pattern: String, in code: String) -> [String] {
    matches("\(pattern)(?=\\()", in: code)
  }

  private static func matches(_ pattern: String, in code: String) -> [String] {
    guard let expression = try? NSRegularExpression(pattern: pattern) else { return [] }
    let text = code as NSString
    return expression.matches(in: code, range: NSRange(location: 0, length: text.length)).map {
      text.substring(with: $0.range)
    }
  }
}
