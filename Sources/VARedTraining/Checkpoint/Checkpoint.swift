// What a checkpoint holds, read into memory, and the names of its parts in the file.
//
// HDF5: `/model/<name>` float32 in PyTorch's shapes (parameters and running statistics),
// `/optimizer/momentum/<name>`, `/training/epoch_totals`, `/training/cost_steering`
// (CostController); root attributes format_version, step, epoch, epoch_step, stage, seed, ranks,
// config (YAML), classes (one a line), multi_label (1, or not there), threads and lanes (not there
// in older files). A user block of 512 bytes in
// front holds a checksum of the whole file.

import VARedHDF5
import VARedNN

/// Floats with their PyTorch shape.
public struct Tensor: Equatable, Sendable {
  /// PyTorch's logical shape.
  public let shape: [Int]
  /// The values, row-major.
  public let values: [Float]

  /// `values` of shape `shape`.
  public init(shape: [Int], values: [Float]) {
    self.shape = shape
    self.values = values
  }

  /// Whether all values are finite.
  var isFinite: Bool { values.withUnsafeBufferPointer(\.largestMagnitude).isFinite }
}

extension FileError {
  /// The same about a checkpoint or a file of weights.
  init(_ error: HDF5Error) {
    self.init(path: error.path, error.message, error.isOfSystem ? .unreadable : .damaged)
  }
}

/// What a checkpoint says about its run.
public struct CheckpointHeader: Equatable, Sendable {
  /// The layout this version writes and reads.
  public static let formatVersion = 2

  /// How far the run had come.
  public var position: TrainingPosition
  /// The stage of the last step.
  public var stage: TrainingStage
  /// What λ remembers.
  public var costMemory: CostController.Memory
  /// The run's seed.
  public var seed: Int
  /// Ranks the run had.
  public var ranks: Int
  /// Compute threads that rank 0 had; nil: not known.
  public var threads: Int?
  /// Channels of a block of the engine's layout, which follows from the processor; nil: not known.
  public var lanes: Int?
  /// All settings of the run.
  public var configuration: TrainingConfiguration
  /// Class names in the order of the logits.
  public var classes: [String]
  /// Whether a clip has any number of the classes: the scores are sigmoids of the logits.
  public var isMultiLabel: Bool

  /// Reads the header of an open checkpoint.
  ///
  /// - Throws: `FileError` if it is no checkpoint, or one of another format version.
  init(_ file: HDF5File) throws {
    guard file.hasAttribute("format_version") else {
      throw FileError(
        path: file.path, "is no checkpoint of vared-train (no attribute format_version)")
    }
    do {
      let version: Int = try file.attribute("format_version")
      guard version == Self.formatVersion else {
        throw FileError(
          path: file.path,
          "has format version \(version); this program reads version \(Self.formatVersion); "
            + "--initialize with this file takes over its weights", .otherVersion)
      }
      position = TrainingPosition(
        step: try file.attribute("step"), epoch: try file.attribute("epoch"),
        epochStep: try file.attribute("epoch_step"))
      seed = try file.attribute("seed")
      ranks = try file.attribute("ranks")
      threads = file.hasAttribute("threads") ? try file.attribute("threads") : nil
      lanes = file.hasAttribute("lanes") ? try file.attribute("lanes") : nil
      classes = try Self.lines(file.attribute("classes"))
      isMultiLabel = try file.hasAttribute("multi_label") && file.attribute("multi_label") == 1
      configuration = TrainingConfiguration()
      try configuration.read(yaml: file.attribute("config"), named: "\(file.path) (config)")
      let name: String = try file.attribute("stage")
      guard let stage = TrainingStage(rawValue: name) else {
        throw FileError(
          path: file.path, "is of a stage '\(name)' that this program does not know")
      }
      self.stage = stage
      costMemory = try Self.costMemory(file.read("/training/cost_steering", as: Double.self).values)
    } catch let error as HDF5Error {
      throw FileError(error)
    }
  }

  /// A header to write.
  init(
    position: TrainingPosition, stage: TrainingStage, costMemory: CostController.Memory, ranks: Int,
    threads: Int? = nil,
    configuration: TrainingConfiguration, classes: [String], isMultiLabel: Bool = false
  ) {
    self.position = position
    self.stage = stage
    self.costMemory = costMemory
    self.seed = configuration.seed
    self.ranks = ranks
    self.threads = threads
    lanes = ChannelBlock.lanes
    self.configuration = configuration
    self.classes = classes
    self.isMultiLabel = isMultiLabel
  }

  func write(to file: HDF5File) throws {
    try file.setAttribute("format_version", Self.formatVersion)
    try file.setAttribute("step", position.step)
    try file.setAttribute("epoch", position.epoch)
    try file.setAttribute("epoch_step", position.epochStep)
    try file.setAttribute("stage", stage.rawValue)
    let memory = costMemory.stored
    try file.write("/training/cost_steering", memory, shape: [memory.count])
    try file.setAttribute("seed", seed)
    try file.setAttribute("ranks", ranks)
    if let threads { try file.setAttribute("threads", threads) }
    if let lanes { try file.setAttribute("lanes", lanes) }
    try file.setAttribute("config", configuration.yaml)
    try file.setAttribute("classes", classes.joined(separator: "\n"))
    if isMultiLabel { try file.setAttribute("multi_label", 1) }
  }

  private static func costMemory(_ stored: [Double]) throws -> CostController.Memory {
    guard let memory = CostController.Memory(stored: stored) else {
      throw HDF5Error(
        path: "/training/cost_steering", message: "has \(stored.count) values, expected 3")
    }
    return memory
  }

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}

/// A whole checkpoint in memory.
public struct Checkpoint: Sendable {
  /// The file it was read from.
  public let path: String
  /// What it says about its run.
  public let header: CheckpointHeader
  /// Parameters and running statistics by name.
  public let model: [String: Tensor]
  /// The optimizer's momentum by parameter name.
  public let momentum: [String: Tensor]
  /// Sums of the epoch it was written in.
  public let totals: EpochTotals

  /// Reads every byte of a checkpoint, after its checksum was verified.
  ///
  /// - Throws: `FileError` if it is missing, damaged, or no checkpoint.
  public static func read(_ path: String) throws -> Checkpoint {
    do {
      let file = try HDF5File.open(path, checkingSeal: true)
      let header = try CheckpointHeader(file)
      let stored = try file.read("/training/epoch_totals", as: Double.self).values
      guard let totals = EpochTotals(stored: stored) else {
        throw FileError(path: path, "/training/epoch_totals has \(stored.count) values")
      }
      let checkpoint = Checkpoint(
        path: path, header: header, model: try tensors(file, "/model"),
        momentum: try tensors(file, "/optimizer/momentum"), totals: totals)
      try file.close()
      return checkpoint
    } catch let error as HDF5Error {
      throw FileError(error)
    }
  }

  /// Refuses what no training can go on from.
  ///
  /// - Throws: `FileError` if a parameter, running statistic or momentum is not finite.
  func requireFinite() throws {
    let named = model.map { ($0, $1) } + momentum.map { ("momentum of " + $0, $1) }
    let diverged = named.filter { !$1.isFinite }.map(\.0).sorted()
    guard let first = diverged.first else { return }
    throw FileError(
      path: path,
      "holds numbers that are not finite (\(first), \(diverged.count) tensors in all): the run "
        + "diverged", .notFinite)
  }

  static func tensors(_ file: HDF5File, _ group: String) throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for name in try file.names(in: group) {
      let (values, shape) = try file.read("\(group)/\(name)", as: Float.self)
      tensors[name] = Tensor(shape: shape, values: values)
    }
    return tensors
  }
}
