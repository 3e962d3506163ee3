// What a checkpoint holds, read into memory, and the names of its parts in the file.
//
// HDF5, format version 3: `/model/<name>` float32 in PyTorch's shapes (parameters and running
// statistics), `/optimizer/momentum/<name>`, `/training/epoch_totals`, `/training/cost_steering`
// (CostController), `/training/clip_costs` (ClipCosts, with `balance: cost`), and one string each:
// `/training/config` (YAML), `/training/classes` (JSON), and where costs are in seconds
// `/training/candidate_seconds` (CandidateSeconds, JSON). Root attributes format_version, step,
// epoch, epoch_step, stage, seed, ranks, multi_label (1, or not there), threads and lanes (not
// there in older files). No string is of variable length. A user block of 512 bytes in front holds
// a checksum of the whole file. In version 2 config and classes (one a line) are attributes.

import Foundation
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
  /// The layout that is written.
  public static let formatVersion = 3
  /// The layouts that are read.
  static let readVersions = 2...formatVersion

  /// The layout of the file it was read from.
  public private(set) var formatVersion = Self.formatVersion
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
  /// What candidates take, where costs are in seconds: which of them the network has.
  public var seconds: CandidateSeconds?
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
      formatVersion = try Self.version(of: file)
      // What is written later is read, too.
      let (steps, epochs) = (0...TrainingPosition.mostSteps / 2, 0...TrainingPosition.mostEpochs)
      position = TrainingPosition(
        step: try Self.number("step", steps, file), epoch: try Self.number("epoch", epochs, file),
        epochStep: try Self.number("epoch_step", steps, file))
      seed = try Self.number("seed", 0...Int.max, file)
      ranks = try Self.number("ranks", 1...1 << 24, file)
      threads =
        file.hasAttribute("threads") ? try Self.number("threads", 1...1 << 16, file) : nil
      lanes = file.hasAttribute("lanes") ? try Self.number("lanes", 1...64, file) : nil
      isMultiLabel =
        try file.hasAttribute("multi_label") && Self.number("multi_label", 0...1, file) == 1
      classes = try Self.classes(file, version: formatVersion)
      configuration = TrainingConfiguration()
      let yaml =
        formatVersion == 2 ? try file.attribute("config") : try file.text("/training/config")
      try configuration.read(yaml: yaml, named: "\(file.path) (config)")
      let clips = Double(position.epochStep) * Double(ranks) * Double(configuration.batch)
      guard clips < TrainingPosition.mostClips else {
        throw FileError(
          path: file.path,
          "attribute epoch_step: expected steps of an epoch, found \(position.epochStep) of \(ranks) "
            + "ranks")
      }
      let name: String = try file.attribute("stage")
      guard let stage = TrainingStage(rawValue: name) else {
        throw FileError(
          path: file.path, "is of a stage '\(name)' that this program does not know")
      }
      self.stage = stage
      costMemory = try Self.costMemory(file, configuration.costUnit)
      seconds = try Self.seconds(file)
      guard configuration.countsSeconds == (seconds != nil) else {
        throw FileError(
          path: file.path,
          "\(Self.secondsPath) is \(seconds == nil ? "not " : "")there, and cost-unit is "
            + configuration.costUnit.rawValue)
      }
    } catch let error as HDF5Error {
      throw FileError(error)
    }
  }

  /// A header to write.
  init(
    position: TrainingPosition, stage: TrainingStage, costMemory: CostController.Memory, ranks: Int,
    threads: Int? = nil,
    configuration: TrainingConfiguration, seconds: CandidateSeconds? = nil, classes: [String],
    isMultiLabel: Bool = false
  ) {
    self.seconds = seconds
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
    try file.setAttribute("stage", fixedLength: stage.rawValue)
    let memory = costMemory.stored
    try file.write("/training/cost_steering", memory, shape: [memory.count])
    try file.setAttribute("seed", seed)
    try file.setAttribute("ranks", ranks)
    if let threads { try file.setAttribute("threads", threads) }
    if let lanes { try file.setAttribute("lanes", lanes) }
    try file.write("/training/config", text: configuration.yaml)
    try file.write("/training/classes", text: JSONLine.list(classes))
    if isMultiLabel { try file.setAttribute("multi_label", 1) }
    if let seconds { try file.write(Self.secondsPath, text: CandidateTable.text(seconds)) }
  }

  /// The format version, where it is one that is read, of a file that is sealed.
  private static func version(of file: HDF5File) throws -> Int {
    let version: Int = try file.attribute("format_version")
    guard readVersions.contains(version) else {
      throw FileError(
        path: file.path,
        "has format version \(version); this program reads version \(readVersions.lowerBound) to "
          + "\(readVersions.upperBound); --initialize with this file takes over its weights",
        .otherVersion)
    }
    guard file.isSealed else {
      throw FileError(
        path: file.path,
        "has no checksum, as a checkpoint of this program has: another program wrote it; "
          + "--initialize with this file takes over its weights")
    }
    return version
  }

  /// An attribute that is held against what it can be, before anything is computed from it.
  private static func number(
    _ name: String, _ range: ClosedRange<Int>, _ file: HDF5File
  ) throws -> Int {
    let value: Int = try file.attribute(name)
    guard range.contains(value) else {
      throw FileError(
        path: file.path,
        "attribute \(name): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
    return value
  }

  private static func classes(_ file: HDF5File, version: Int) throws -> [String] {
    if version == 2 {
      let text: String = try file.attribute("classes")
      return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    let text = try file.text("/training/classes")
    guard let classes = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else {
      throw FileError(path: file.path, "/training/classes is not a JSON list of strings")
    }
    return classes
  }

  private static func costMemory(
    _ file: HDF5File, _ unit: CostUnit
  ) throws -> CostController.Memory {
    let path = "/training/cost_steering"
    let stored = try file.read(path, as: Double.self).values
    guard let memory = CostController.Memory(stored: stored, unit: unit) else {
      throw FileError(
        path: file.path,
        "\(path): expected a weight of 0 or more and two ratios of 0 to "
          + "\(Int(CostController.Memory.ratios(unit).upperBound)), found \(stored)")
    }
    return memory
  }

  private static let secondsPath = "/training/candidate_seconds"

  private static func seconds(_ file: HDF5File) throws -> CandidateSeconds? {
    guard file.exists(secondsPath) else { return nil }
    let text = try file.text(secondsPath)
    return try CandidateTable.parse(Data(text.utf8), of: file.path, secondsPath)
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
  /// What `ClipCosts` stored; nil: the run did not balance.
  public let clipCosts: [Int64]?

  /// Reads every byte of a checkpoint, after its checksum was verified.
  ///
  /// - Throws: `FileError` if it is missing, damaged, or no checkpoint.
  public static func read(_ path: String) throws -> Checkpoint {
    do {
      let file = try HDF5File.open(path, checkingSeal: true)
      let header = try CheckpointHeader(file)
      let stored = try file.read("/training/epoch_totals", as: Double.self).values
      guard let totals = EpochTotals(stored: stored) else {
        throw FileError(
          path: path, "/training/epoch_totals: expected seven finite sums, found \(stored)")
      }
      let checkpoint = Checkpoint(
        path: path, header: header, model: try tensors(file, "/model"),
        momentum: try tensors(file, "/optimizer/momentum"), totals: totals,
        clipCosts: file.exists("/training/clip_costs")
          ? try file.read("/training/clip_costs", as: Int64.self).values : nil)
      try file.close()
      return checkpoint
    } catch let error as HDF5Error {
      throw FileError(error)
    }
  }

  /// Refuses what no training can go on from.
  ///
  /// - Throws: `FileError` if a parameter, running statistic or momentum is not finite.
  package func requireFinite() throws {
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
