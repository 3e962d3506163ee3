// `vared-train predict`: a checkpoint on tensors, logits and gates out.

import VARedHDF5
import VARedNN
import VARedTraining

/// Runs a checkpoint on normalized clips of an HDF5 file.
public struct Prediction: Sendable {
  /// Checkpoint to run.
  public var checkpoint: String
  /// HDF5 file with `/clips`, float32 `[N, 3, T, H, W]`, normalized.
  public var input: String
  /// HDF5 file to write.
  public var output: String
  /// Clips per pass, and threads.
  public var resources: Resources

  /// What to run on what.
  public init(checkpoint: String, input: String, output: String, resources: Resources) {
    self.checkpoint = checkpoint
    self.input = input
    self.output = output
    self.resources = resources
  }

  /// Writes `/logits [N, classes]`, `/gates/<layer>/temporal [N, St]`, `/gates/<layer>/channel
  /// [N, Sc]` and `/executed_macs [N]` (int64); whole or not at all.
  ///
  /// - Returns: one line that says what was done.
  /// - Throws: `ConfigurationError`, `FileError`, or `HDF5Error` about the input.
  public func run() throws -> String {
    try Launch.requireOneProcess(for: "predict")
    try resources.validate()
    try OutputFiles.requireWritable(output, beside: Checkpoint.files(checkpoint) + [input])
    let trained = try TrainedNetwork(
      checkpoint, batch: resources.batch, threads: resources.resolved().threads)
    let clips = try HDF5File.open(input)
    let count = try clipCount(clips, trained.header.configuration)
    do {
      try AtomicFile.writeOutput(output) { temporary in
        let file = try HDF5File.create(temporary)
        try predict(clips, count: count, trained, into: file)
        try file.setAttribute("classes", trained.header.classes.joined(separator: "\n"))
        try file.close()
      }
    } catch let error as HDF5Error where error.path != input {
      throw FileError(path: output, "cannot be written: \(error.message)")
    }
    return "\(count) clips, \(trained.header.classes.count) classes: \(output)"
  }

  private func clipCount(
    _ clips: HDF5File, _ configuration: TrainingConfiguration
  ) throws -> Int {
    let shape = try clips.shape("/clips")
    let clip = [3, configuration.frames, configuration.size, configuration.size]
    guard shape.count == 5, Array(shape.dropFirst()) == clip else {
      throw HDF5Error(
        path: input,
        message: "/clips is \(shape); the checkpoint takes [N, "
          + clip.map(String.init).joined(separator: ", ") + "]")
    }
    guard try !clips.holdsIntegers("/clips") else {
      throw HDF5Error(
        path: input, message: "/clips holds integers; expected normalized float32 values")
    }
    return shape[0]
  }

  private func predict(
    _ clips: HDF5File, count: Int, _ trained: TrainedNetwork, into file: HDF5File
  ) throws {
    let network = trained.network
    let classes = network.configuration.classes
    try file.createDataset("/logits", of: Float.self, shape: [count, classes])
    try file.createDataset("/executed_macs", of: Int64.self, shape: [count])
    for layer in network.dynamicLayers {
      let (strides, channels) = (layer.temporalStrides.count, layer.channelCounts.count)
      try file.createDataset(
        "/gates/\(layer.name)/temporal", of: Float.self, shape: [count, strides])
      try file.createDataset(
        "/gates/\(layer.name)/channel", of: Float.self, shape: [count, channels])
    }
    let (batch, shape) = (resources.batch, network.configuration)
    let clipFloats = 3 * shape.frames * shape.size * shape.size
    var buffer = [Float](repeating: 0, count: batch * clipFloats)
    for first in stride(from: 0, to: count, by: batch) {
      let rows = first..<min(count, first + batch)
      try buffer.withUnsafeMutableBufferPointer { values in
        try clips.readRows("/clips", rows, into: values)
        try requireFinite(
          UnsafeBufferPointer(rebasing: values[..<(rows.count * clipFloats)]), rows)
        network.policies = trained.policies(clips: Array(rows))
        try write(
          try network.infer(
            Clips(
              UnsafeMutableBufferPointer(rebasing: values[..<(rows.count * clipFloats)]),
              of: network.configuration.clip)), rows, network, to: file)
      }
    }
  }

  private func requireFinite(_ values: UnsafeBufferPointer<Float>, _ rows: Range<Int>) throws {
    guard let place = values.firstIndex(where: { !$0.isFinite }) else { return }
    let clip = rows.lowerBound + place / (values.count / rows.count)
    throw HDF5Error(
      path: input,
      message: "/clips[\(clip)]: expected normalized values, found \(values[place]); mend or leave "
        + "out the clip")
  }

  private func write(
    _ inference: Inference, _ rows: Range<Int>, _ network: VideoNetwork, to file: HDF5File
  ) throws {
    try file.writeRows("/logits", rows, from: inference.logits)
    try file.writeRows("/executed_macs", rows, from: inference.executedMACs.map(Int64.init))
    for (l, layer) in network.dynamicLayers.enumerated() {
      try file.writeRows("/gates/\(layer.name)/temporal", rows, from: inference.temporal[l])
      try file.writeRows("/gates/\(layer.name)/channel", rows, from: inference.channel[l])
    }
  }
}
