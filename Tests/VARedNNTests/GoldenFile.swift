// Golden files: what the PyTorch reference in Golden/ computed, in double precision.

import Foundation
import VARedHDF5

@testable import VARedNN

/// One of the files in Golden/ (Golden/README.md says what each holds).
struct GoldenFile {
  private let file: HDF5File

  init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    file = try HDF5File.open(folder.appendingPathComponent("Golden/\(name)").path)
  }

  func floats(_ path: String) throws -> [Float] { try file.read(path, as: Float.self).values }

  func integers(_ path: String) throws -> [Int] {
    try file.read(path, as: Int32.self).values.map(Int.init)
  }

  func shape(_ path: String) throws -> [Int] { try file.shape(path) }

  func names(in group: String) throws -> [String] { try file.names(in: group) }

  func integer(_ attribute: String) throws -> Int { try file.attribute(attribute) }

  func string(_ attribute: String) throws -> String { try file.attribute(attribute) }

  /// The network that the file's attributes describe, with its parameters and statistics.
  func network(batch: Int, reducer: StatisticsReducer? = nil) throws -> R2Plus1D {
    var configuration = NetworkConfiguration(
      classes: try integer("classes"), frames: try integer("frames"), size: try integer("size"))
    configuration.depth = try integer("depth")
    configuration.width = Double(try string("width")) ?? .nan
    if try string("network") == "dynamic" {
      var dynamic = DynamicConfiguration()
      dynamic.temporalCandidates = try integer("temporal_candidates")
      dynamic.channelCandidates = try integer("channel_candidates")
      dynamic.gateForm = GateForm(rawValue: try string("gate_form")) ?? .normalised
      dynamic.gateHidden = try integer("gate_hidden")
      configuration.dynamic = dynamic
    }
    let network = try R2Plus1D(
      configuration, batch: batch, seed: 99, threads: 1, statistics: reducer)
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
