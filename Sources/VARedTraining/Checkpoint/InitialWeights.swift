// `--initialize weights.h5`: what a file and a network share by name and shape is taken over.

import VARedHDF5
import VARedNN

/// What `--initialize` took from a file and what it did not.
public struct InitialWeights: Equatable, Sendable {
  /// Names taken over.
  public var loaded: [String] = []
  /// Names of the network that the file does not have.
  public var notFound: [String] = []
  /// Names both have, with different shapes.
  public var otherShape: [String] = []

  /// Loads the shared parameters and running statistics of `path` into `parameters`.
  ///
  /// The file is a checkpoint, or any HDF5 file with float datasets under `/model` or at the root;
  /// of a run's folder it is the newest checkpoint.
  /// - Throws: `FileError` if it cannot be read or shares nothing with the network.
  package static func load(_ path: String, into parameters: Parameters) throws -> InitialWeights {
    do {
      let path = CheckpointFolder.isFolder(path) ? try Checkpoint.find(path).path : path
      let file = try HDF5File.open(path, checkingSeal: true)
      let group = file.exists("/model") ? "/model" : ""
      var report = InitialWeights()
      let gates = try GateCandidates(parameters, file, group)
      for entry in parameters.entries {
        guard gates.choose(alike: entry.name) else {
          report.otherShape.append(entry.name)
          continue
        }
        if let values = try report.take(entry.name, entry.shape, file, group) {
          parameters.setLogical(entry, in: parameters.values, values)
        }
      }
      for buffer in parameters.buffers {
        if let values = try report.take(buffer.name, buffer.shape, file, group) {
          parameters.setBuffer(buffer, values)
        }
      }
      parameters.changed()
      guard !report.loaded.isEmpty else {
        throw FileError(
          path: path,
          "shares no parameter with this network; expected datasets such as "
            + "/model/\(parameters.entries.first?.name ?? "fc.weight")")
      }
      return report
    } catch let error as HDF5Error {
      throw FileError(error)
    }
  }

  private mutating func take(
    _ name: String, _ shape: [Int], _ file: HDF5File, _ group: String
  ) throws -> [Float]? {
    let path = "\(group)/\(name)"
    guard file.exists(path) else {
      notFound.append(name)
      return nil
    }
    guard try file.shape(path) == shape else {
      otherShape.append(name)
      return nil
    }
    let tensor = Tensor(shape: shape, values: try file.read(path, as: Float.self).values)
    guard tensor.isFinite else {
      throw FileError(
        path: file.path,
        "holds numbers that are not finite (\(path)): its run diverged; give an earlier checkpoint",
        .notFinite)
    }
    loaded.append(name)
    return tensor.values
  }

  /// Lines for the reader of the run's output.
  func lines(path: String) -> [String] {
    var lines = ["initialized \(loaded.count) of \(count) tensors from \(path)"]
    if !notFound.isEmpty { lines.append("  not in the file: \(Self.some(notFound))") }
    if !otherShape.isEmpty { lines.append("  of another shape: \(Self.some(otherShape))") }
    return lines
  }

  private var count: Int { loaded.count + notFound.count + otherShape.count }

  private static func some(_ names: [String]) -> String {
    let shown = names.prefix(5).joined(separator: ", ")
    return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
  }
}

/// Which gates of a network choose among the same candidates as those of a file.
///
/// The outputs of a gate are candidates, of which two along time and one along channels are as many
/// as one and two; what they are is in the shapes of the cheap operations. Where a file has none of
/// a layer's, nothing else is known of its gate.
private struct GateCandidates {
  private var differing: Set<String> = []

  init(_ parameters: Parameters, _ file: HDF5File, _ group: String) throws {
    let shapes = Dictionary(uniqueKeysWithValues: parameters.entries.map { ($0.name, $0.shape) })
    for layer in shapes.keys.compactMap(Self.layer(ofOutputs:))
    where file.exists("\(group)/\(layer).gate.fc2.weight") {
      let operations = ["s", "t"].flatMap { axis in
        (1..<4).map { "\(layer).phi_\(axis).\($0)" }
      }
      let there = try operations.map { name in
        let path = "\(group)/\(name)"
        return file.exists(path) ? try file.shape(path) : nil
      }
      guard there.contains(where: { $0 != nil }) else { continue }
      if there != operations.map({ shapes[$0] }) { differing.insert(layer) }
    }
  }

  /// Whether a parameter is anything but the outputs of a gate that has other candidates.
  func choose(alike name: String) -> Bool {
    Self.layer(ofOutputs: name).map { !differing.contains($0) } ?? true
  }

  /// The layer whose gate's outputs this parameter makes; nil: it is another.
  private static func layer(ofOutputs name: String) -> String? {
    for suffix in [".gate.fc2.weight", ".gate.fc2.bias"] where name.hasSuffix(suffix) {
      return String(name.dropLast(suffix.count))
    }
    return nil
  }
}
