// Putting a checkpoint into a network: only if they are the same architecture.

import VARedNN

extension Checkpoint {
  /// Writes parameters and running statistics into `parameters`, and the momentum where given.
  ///
  /// - Parameter configuration: the settings `parameters` were made by, to explain a difference.
  /// - Throws: `FileError` naming what differs if the architectures do.
  func restore(
    into parameters: Parameters, momentum buffer: UnsafeMutableBufferPointer<Float>? = nil,
    configuration: TrainingConfiguration
  ) throws {
    try requireSameArchitecture(as: parameters, configuration)
    for entry in parameters.entries {
      if let tensor = model[entry.name] {
        parameters.setLogical(entry, in: parameters.values, tensor.values)
      }
      if let buffer, let tensor = momentum[entry.name] {
        parameters.setLogical(entry, in: buffer, tensor.values)
      }
    }
    for entry in parameters.buffers {
      if let tensor = model[entry.name] { parameters.setBuffer(entry, tensor.values) }
    }
    parameters.changed()
  }

  /// Settings that make another network out of the same classes.
  private static let architectureKeys: Set<String> = [
    "model", "width", "network", "temporal-candidates", "channel-candidates", "gate-form",
    "gate-hidden", "motion-energy", "frames", "cost-unit",
  ]

  /// Settings that a table of seconds is of.
  private static let secondsKeys: Set<String> = [
    "model", "width", "network", "temporal-candidates", "channel-candidates", "frames", "size",
  ]

  /// The table of seconds that the checkpoint has.
  ///
  /// - Throws: `FileError` naming what differs if it is of another network than that of
  ///   `configuration`, or if there is none.
  func seconds(for configuration: TrainingConfiguration) throws -> CandidateSeconds {
    let keys = header.configuration.differences(from: configuration)
      .filter { Self.secondsKeys.contains($0.key) }
    guard keys.isEmpty else {
      let what = keys.map { "--\($0.key) is \($0.here) in the checkpoint, \($0.there) here" }
      throw FileError(
        path: path,
        "has the seconds of another network: \(what.joined(separator: "; ")); go on with the same, or "
          + "give another --output")
    }
    guard let seconds = header.seconds else {
      throw FileError(
        path: path,
        "was trained with costs in MACs, expected seconds; leave out --cost-unit to go on with it, "
          + "or give another --output")
    }
    return seconds
  }

  private func requireSameArchitecture(
    as parameters: Parameters, _ configuration: TrainingConfiguration
  ) throws {
    let wanted = parameters.shapes
    var problems = Self.differences(found: model.mapValues(\.shape), wanted: wanted)
    if problems.isEmpty {
      let moments = Dictionary(uniqueKeysWithValues: parameters.entries.map { ($0.name, $0.shape) })
      problems = Self.differences(found: momentum.mapValues(\.shape), wanted: moments)
        .map { "momentum of " + $0 }
    }
    let keys = header.configuration.differences(from: configuration)
      .filter { Self.architectureKeys.contains($0.key) }
    // The shapes may be the same where gates are others, or charged for something else.
    let ofGates = keys.contains { ["gate-form", "cost-unit"].contains($0.key) }
    guard !problems.isEmpty || ofGates && configuration.network == .dynamic else { return }
    throw FileError(path: path, Self.explanation(problems, keys))
  }

  private static func explanation(
    _ problems: [String], _ keys: [(key: String, here: String, there: String)]
  ) -> String {
    var parts = ["holds another architecture"]
    parts += keys.map { "--\($0.key) is \($0.here) in the checkpoint, \($0.there) here" }
    parts += problems.prefix(3)
    if problems.count > 3 { parts.append("\(problems.count - 3) more parameters differ") }
    return parts.joined(separator: "; ")
  }

  /// One line for every parameter that is missing, extra or of another shape.
  static func differences(found: [String: [Int]], wanted: [String: [Int]]) -> [String] {
    let names = Set(found.keys).union(wanted.keys).sorted()
    return names.compactMap { name in
      switch (found[name], wanted[name]) {
      case (let there?, let here?):
        there == here ? nil : "\(name) is \(there) in the checkpoint, \(here) here"
      case (nil, _): "\(name) is not in the checkpoint"
      case (_, nil): "\(name) is not in this network"
      }
    }
  }
}

extension Parameters {
  /// The shape of every parameter and running statistic by name.
  var shapes: [String: [Int]] {
    let all = entries.map { ($0.name, $0.shape) } + buffers.map { ($0.name, $0.shape) }
    return Dictionary(uniqueKeysWithValues: all)
  }
}
