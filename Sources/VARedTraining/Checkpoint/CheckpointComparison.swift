// Whether two checkpoints are the same to the bit, in what training goes on from.

import Foundation

/// Two checkpoints held against each other: how far their runs had come, parameters, running
/// statistics, momentum, what λ remembers, and the sums of the epoch but for the seconds.
public struct CheckpointComparison: Sendable {
  /// A place where they are not the same.
  public struct Difference: Equatable, Sendable, CustomStringConvertible {
    /// The dataset's path in the file, or the attribute's name.
    public let dataset: String
    /// What differs there: `[3,0,1] is 0.5, expected 0.25`.
    public let words: String

    /// `/model/fc.weight[3,0] is 0.5, expected 0.25`.
    public var description: String { dataset + words }
  }

  /// Datasets and attributes that were compared, of both checkpoints.
  public private(set) var datasetCount = 0
  /// Numbers that were compared.
  public private(set) var numberCount = 0
  /// One for each dataset that differs, the first element of it; in the order of their names, how
  /// far the runs had come before all others.
  public private(set) var differences: [Difference] = []

  /// Whether all of it is the same.
  public var isEqual: Bool { differences.isEmpty }

  /// `equal`, or the first difference and how many datasets differ.
  public var summary: String {
    guard let first = differences.first else { return "equal" }
    return "\(first) (\(differences.count) of \(datasetCount) datasets differ)"
  }

  /// Compares `found` with `expected`, bit by bit: 0 and -0 differ.
  public init(_ found: Checkpoint, expected: Checkpoint) {
    let (here, there) = (found.header.position, expected.header.position)
    compare("step", [here.step], [there.step])
    compare("epoch", [here.epoch], [there.epoch])
    compare("epoch_step", [here.epochStep], [there.epochStep])
    compare("/model", found.model, expected.model)
    compare("/optimizer/momentum", found.momentum, expected.momentum)
    compare(
      "/training/cost_steering", found.header.costMemory.stored, expected.header.costMemory.stored)
    if found.header.seconds != expected.header.seconds {
      note("/training/candidate_seconds", " is another table")
    }
    var (sums, expectedSums) = (found.totals, expected.totals)
    (sums.seconds, expectedSums.seconds) = (0, 0)
    compare("/training/epoch_totals", sums.stored, expectedSums.stored)
  }

  private mutating func compare(
    _ group: String, _ found: [String: Tensor], _ expected: [String: Tensor]
  ) {
    for name in Set(found.keys).union(expected.keys).sorted() {
      let dataset = "\(group)/\(name)"
      switch (found[name], expected[name]) {
      case (let here?, let there?) where here.shape == there.shape:
        compare(dataset, here.values, there.values, shape: here.shape)
      case (let here?, let there?):
        note(dataset, " has the shape \(here.shape), expected \(there.shape)")
      case (nil, _): note(dataset, " is not there")
      case (_, nil): note(dataset, " is not in the other")
      }
    }
  }

  private mutating func note(_ dataset: String, _ words: String) {
    datasetCount += 1
    differences.append(Difference(dataset: dataset, words: words))
  }

  /// - Parameter shape: extents that an element is named by; nil: a list, of one value without any.
  private mutating func compare<Value: BitwiseCopyable>(
    _ dataset: String, _ found: [Value], _ expected: [Value], shape: [Int]? = nil
  ) {
    datasetCount += 1
    numberCount += found.count
    guard let place = Self.firstDifference(found, expected) else { return }
    let index = found.count == 1 ? "" : Self.index(place, in: shape ?? [found.count])
    differences.append(
      Difference(
        dataset: dataset, words: "\(index) is \(found[place]), expected \(expected[place])"))
  }

  /// The first element whose bits differ; nil: none.
  private static func firstDifference<Value: BitwiseCopyable>(
    _ found: [Value], _ expected: [Value]
  ) -> Int? {
    precondition(found.count == expected.count, "compared lists are of the same length")
    return found.withUnsafeBytes { here in
      expected.withUnsafeBytes { there in
        guard let left = here.baseAddress, let right = there.baseAddress,
          memcmp(left, right, here.count) != 0
        else { return nil }
        return zip(here, there).enumerated().first { $0.element.0 != $0.element.1 }
          .map { $0.offset / MemoryLayout<Value>.stride }
      }
    }
  }

  /// `[3,0,1]`: the place of a row-major element.
  private static func index(_ place: Int, in shape: [Int]) -> String {
    var (rest, indices) = (place, [Int]())
    for extent in shape.reversed() {
      indices.append(rest % extent)
      rest /= extent
    }
    return "[" + indices.reversed().map(String.init).joined(separator: ",") + "]"
  }
}
