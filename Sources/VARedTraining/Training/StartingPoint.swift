// Where a run starts: rank 0 reads it from the folder, all ranks hear of it.

import Foundation
import VARedData
import VARedDist
import VARedNN

/// What all ranks have to know before the first step.
struct StartingPoint: Equatable {
  var position = TrainingPosition()
  var totals = EpochTotals()
  /// Clips of the next step that are done already, as steps read others before.
  var clipsDone = 0
  /// What λ remembers.
  var costMemory: CostController.Memory
  /// What clips are dealt by; nil on ranks other than 0, and where they are taken in order.
  var clipCosts: ClipCosts?
  /// Whether the last completed epoch's evaluation and record are still to be done.
  var epochEndIsPending = false

  /// The starting point of rank 0 on every rank, but for the clips' costs, which follow when an
  /// epoch begins. Collective.
  func broadcast(over communicator: Communicator) throws -> StartingPoint {
    let place = [
      position.step, position.epoch, position.epochStep, epochEndIsPending ? 1 : 0, clipsDone,
    ]
    let told = try communicator.broadcast(
      Self.bytes(place.map(Double.init) + costMemory.stored + totals.stored))
    let numbers = told.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
    return StartingPoint(
      position: TrainingPosition(
        step: Int(numbers[0]), epoch: Int(numbers[1]), epochStep: Int(numbers[2])),
      totals: EpochTotals(stored: Array(numbers[8...])) ?? totals, clipsDone: Int(numbers[4]),
      costMemory: CostController.Memory(stored: Array(numbers[5..<8]), unit: .seconds)
        ?? costMemory,
      clipCosts: clipCosts, epochEndIsPending: numbers[3] == 1)
  }

  private static func bytes(_ values: [Double]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }
}

extension Checkpoint {
  /// Where a run of this setup goes on from this checkpoint.
  ///
  /// - Throws: `FileError` if it was trained on other classes.
  func startingPoint(_ setup: TrainingSetup) throws -> StartingPoint {
    let (configuration, dataset) = (setup.configuration, setup.dataset)
    try requireSameClasses(dataset.classes)
    guard header.isMultiLabel == dataset.isMultiLabel else {
      throw FileError(
        path: path,
        "was trained on \(Self.labels(header.isMultiLabel)) a clip, --data has "
          + "\(Self.labels(dataset.isMultiLabel)); use --initialize to take over only the weights")
    }
    var costMemory = header.costMemory
    if !keepsWeight(configuration) { costMemory.weight = configuration.costWeight }
    var start = StartingPoint(position: header.position, totals: totals, costMemory: costMemory)
    let ranks = setup.communicator.size
    let (place, done) = header.position.rescaled(
      clipsPerStep: header.ranks * header.configuration.batch, to: ranks * configuration.batch,
      ranks: ranks, least: setup.leastClips)
    start.position = place.fitted(stepsPerEpoch: setup.stepsPerEpoch)
    start.clipsDone = start.position == place ? done : 0
    if setup.clipCosts != nil {
      start.clipCosts = clipCosts.flatMap {
        ClipCosts(stored: $0, count: dataset.count(.train))
      }
    }
    return start
  }

  /// λ goes on from where it was, unless it had not begun or is set anew.
  private func keepsWeight(_ configuration: TrainingConfiguration) -> Bool {
    header.stage != .warmup && header.configuration.costWeight == configuration.costWeight
  }

  /// Settings that may change without changing what is computed.
  package static let bookkeepingKeys: Set<String> = [
    "output", "resume", "checkpoint-every", "keep-checkpoints", "stall-timeout", "data-threads",
    "time-limit", "step-limit", "initialize", "videos", "evaluate-every", "views", "max-bad-clips",
    "max-bad-steps", "cost-table",
  ]

  private static func labels(_ several: Bool) -> String {
    several ? "any number of labels" : "one label"
  }

  private func requireSameClasses(_ classes: [String]) throws {
    guard header.classes != classes else { return }
    let differing = zip(header.classes, classes).first { $0 != $1 }
    let example = differing.map { "; the first that differs: '\($0)' there, '\($1)' here" } ?? ""
    throw FileError(
      path: path,
      "was trained on other classes (\(header.classes.count) there, \(classes.count) in "
        + "--data\(example)); use --initialize to take over only the weights")
  }
}

extension Parameters {
  /// Makes rank 0's parameters, running statistics and momentum those of all ranks. Collective.
  ///
  /// - Throws: `MPIError`.
  func broadcast(
    momentum: UnsafeMutableBufferPointer<Float>, over communicator: Communicator
  ) throws {
    try communicator.broadcast(values)
    try communicator.broadcast(bufferValues)
    try communicator.broadcast(momentum)
    changed()
  }

  /// Makes rank 0's running statistics those of all ranks. Collective.
  ///
  /// - Throws: `MPIError`.
  func broadcastStatistics(over communicator: Communicator) throws {
    try communicator.broadcast(bufferValues)
    changed()
  }
}
