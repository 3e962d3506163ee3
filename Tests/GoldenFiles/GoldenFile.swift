// Golden files: what the PyTorch reference in Reference/ computed, in double precision.

import Foundation
import VARedHDF5
import VARedNN

/// One of the files in VARedNNTests/Golden/ (Golden/README.md says what each holds).
public struct GoldenFile {
  private let file: HDF5File

  /// Opens a file by its name.
  public init(_ name: String) throws {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    file = try HDF5File.open(
      tests.appendingPathComponent("VARedNNTests/Golden/\(name)").path)
  }

  /// The scale that an error of gradient `name` is held against: its largest value; for a gate's
  /// gradients, that of all gate gradients of the kind, because they are small differences of large
  /// sums (batch norm follows); for those of φs at least a ten-thousandth of the largest of all
  /// gradients, because of channels that hardly anything reads they are all but zero.
  public func gradientScales() throws -> (String) -> Float {
    var scales: [String: Float] = [:]
    for name in try names(in: "/gradients") {
      let largest = try floats("/gradients/\(name)").reduce(Float(0)) { max($0, abs($1)) }
      scales[Self.kind(name)] = max(scales[Self.kind(name)] ?? 0, largest)
    }
    let least = 1e-4 * (scales.values.max() ?? 0)
    return { max(scales[Self.kind($0)] ?? 0, $0.contains(".phi_s.") ? least : 0) }
  }

  private static func kind(_ name: String) -> String {
    name.range(of: ".gate.").map { String(name[$0.upperBound...]) } ?? name
  }

  /// A dataset of floats.
  public func floats(_ path: String) throws -> [Float] {
    try file.read(path, as: Float.self).values
  }

  /// A dataset of integers.
  public func integers(_ path: String) throws -> [Int] {
    try file.read(path, as: Int32.self).values.map(Int.init)
  }

  /// A dataset's shape.
  public func shape(_ path: String) throws -> [Int] { try file.shape(path) }

  /// The names in a group.
  public func names(in group: String) throws -> [String] { try file.names(in: group) }

  /// An attribute.
  public func integer(_ attribute: String) throws -> Int { try file.attribute(attribute) }

  /// An attribute.
  public func string(_ attribute: String) throws -> String { try file.attribute(attribute) }

  /// What decides the policies of `clips`, some of the file's, in the training step.
  public func policies(_ clips: Range<Int>) throws -> PolicySource {
    guard file.hasAttribute("policies") else { return .gates }
    guard try string("policies") == "drawn" else { return .frozenGates }
    let keys = try integers("/draws/keys")[clips].map { $0 < 0 ? nil : UInt64($0) }
    return .drawn(CandidateDraws(keys: keys, tilt: Double(try floats("/draws/tilt")[0])))
  }

  /// What is dropped of `clips`, some of the file's, in the training step; nil: nothing.
  public func dropout(_ clips: Range<Int>) throws -> Dropout? {
    guard file.exists("/dropout") else { return nil }
    return Dropout(
      probability: Double(try floats("/dropout/probability")[0]),
      keys: try integers("/dropout/keys")[clips].map { UInt64($0) })
  }

  private func architecture() throws -> Architecture {
    guard file.hasAttribute("model") else {
      return try integer("depth") == 34 ? .r2plus1d34 : .r2plus1d18
    }
    let name = try string("model")
    guard let known = Architecture(rawValue: name) else {
      preconditionFailure("a golden file of the unknown model \(name)")
    }
    return known
  }

  /// The network that the file's attributes describe, with its parameters and statistics; its gates
  /// decide.
  public func network(
    batch: Int, reducer: StatisticsReducer? = nil, clipsPerStep: Int? = nil
  ) throws -> VideoNetwork {
    var configuration = NetworkConfiguration(
      classes: try integer("classes"), frames: try integer("frames"), size: try integer("size"))
    configuration.architecture = try architecture()
    configuration.width = Double(try string("width")) ?? .nan
    if try string("network") == "dynamic" {
      var dynamic = DynamicConfiguration()
      dynamic.temporalCandidates = try integer("temporal_candidates")
      dynamic.channelCandidates = try integer("channel_candidates")
      dynamic.gateForm = GateForm(rawValue: try string("gate_form")) ?? .normalized
      dynamic.gateHidden = try integer("gate_hidden")
      dynamic.motionEnergy = file.hasAttribute("motion_energy")
      if file.hasAttribute("kappa") {
        dynamic.cost = .saturating(kappa: Float(try string("kappa")) ?? .nan)
      }
      configuration.dynamic = dynamic
    }
    let network = try VideoNetwork(
      configuration, batch: batch, seed: 99, threads: 1, statistics: reducer,
      clipsPerStep: clipsPerStep)
    let parameters = network.parameters
    for entry in parameters.entries {
      parameters.setLogical(entry, in: parameters.values, try floats("/model/\(entry.name)"))
    }
    for buffer in parameters.buffers {
      parameters.setBuffer(buffer, try floats("/model/\(buffer.name)"))
    }
    return network
  }
}
