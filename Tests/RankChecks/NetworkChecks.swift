// Checks that r ranks × batch b compute what 1 rank × batch r·b does: the property that matters
// most.

import GoldenFiles
import VARedDist
import VARedNN

/// Sums of batch norm over the ranks of a check.
private final class CheckStatistics: StatisticsReducer {
  private let communicator: Communicator
  var ranks: Int { communicator.size }

  init(_ communicator: Communicator) { self.communicator = communicator }

  func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {
    try communicator.allReduceSum(values)
  }

  func sum(_ values: UnsafeMutableBufferPointer<Int64>) throws {
    try communicator.allReduceSum(values)
  }
}

/// A step with several labels a clip (binary cross-entropy): the clips of a golden network split
/// over the ranks, against the same step of one rank with all of them. Both round, so that they are
/// twice as far apart as one of them is from the truth, and more through batch norm of four clips.
func checkMultiLabelEquivalence(_ check: RankCheck) throws {
  let golden = try GoldenFile(check.arguments.first ?? "")
  let clips = try golden.floats("/clips")
  let classes = try golden.integer("classes")
  // Two labels a clip, and a clip without any.
  let rows = try golden.integers("/labels").enumerated().map { clip, label in
    (0..<classes).map { Float(clip != 2 && ($0 == label || $0 == (label + 3) % classes) ? 1 : 0) }
  }
  func step(
    _ network: VideoNetwork, _ range: Range<Int>, ready: (Int) throws -> Void
  ) throws -> StepOutcome {
    let floats = clips.count / rows.count
    return try network.trainingStep(
      Array(clips[range.lowerBound * floats..<range.upperBound * floats]),
      targets: .labels(Array(rows[range].joined()), classes: classes), costWeight: 0.8,
      gradientsReady: ready)
  }
  let whole = try golden.network(batch: rows.count)
  let truth = try step(whole, rows.indices) { _ in }

  let perRank = rows.count / check.size
  let network = try golden.network(batch: perRank, reducer: CheckStatistics(check.communicator))
  let parameters = network.parameters
  let buckets = try GradientBuckets(
    check.communicator, gradients: parameters.gradients, bucketBytes: 1 << 14)
  let first = check.rank * perRank
  let outcome = try step(network, first..<first + perRank, ready: buckets.ready)
  _ = try buckets.finish()

  var sums = [outcome.loss / Double(check.size), Double(outcome.correct)]
  try sums.withUnsafeMutableBufferPointer { try check.communicator.allReduceSum($0) }
  check.expect(abs(sums[0] - truth.loss) <= 1e-4 * truth.loss, "loss \(sums[0]), \(truth.loss)")
  check.expectEqual(Int(sums[1]), truth.correct, "clips that are right")
  for entry in parameters.entries where !entry.isGate {
    let expected = whole.parameters.logical(entry, of: whole.parameters.gradients)
    let found = parameters.logical(entry, of: parameters.gradients)
    let largest = expected.reduce(Float(0)) { max($0, abs($1)) }
    let worst = zip(found, expected).reduce(Float(0)) {
      max($0, abs($1.0 / Float(check.size) - $1.1))
    }
    check.expect(worst <= 1e-3 * largest, "\(entry.name): off by \(worst) of \(largest)")
  }
}

/// The training step of a golden network, its four clips split over 1, 2 or 4 ranks with
/// synchronized batch norm and bucketed gradients, against the gradients of the whole batch from
/// PyTorch.
func checkNetworkEquivalence(_ check: RankCheck) throws {
  let file = check.arguments.first ?? ""
  let golden = try GoldenFile(file)
  let clips = try golden.floats("/clips")
  let labels = try golden.integers("/labels")
  let perRank = labels.count / check.size
  let network = try golden.network(
    batch: perRank, reducer: CheckStatistics(check.communicator))
  let parameters = network.parameters
  let buckets = try GradientBuckets(
    check.communicator, gradients: parameters.gradients, bucketBytes: 1 << 14)
  let first = check.rank * perRank
  network.policies = try golden.policies(first..<first + perRank)
  network.dropout = try golden.dropout(first..<first + perRank)
  let clipFloats = clips.count / labels.count
  let outcome = try network.trainingStep(
    Array(clips[first * clipFloats..<(first + perRank) * clipFloats]),
    targets: .classes(Array(labels[first..<first + perRank])), costWeight: 0.8,
    gradientsReady: buckets.ready)
  _ = try buckets.finish()

  var sums = [outcome.loss / Double(check.size), Double(outcome.correct)]
  try sums.withUnsafeMutableBufferPointer { try check.communicator.allReduceSum($0) }
  let loss = Double(try golden.floats("/loss")[0])
  check.expect(abs(sums[0] - loss) <= 1e-4 * loss, "loss \(sums[0]), expected \(loss)")
  check.expectEqual(
    Int(sums[1]), try golden.integers("/correct").reduce(0, +), "clips classified correctly")
  let scale = try golden.gradientScales()
  for entry in parameters.entries {
    let truth = try golden.floats("/gradients/\(entry.name)")
    let found = parameters.logical(entry, of: parameters.gradients)
    let worst = zip(found, truth).reduce(Float(0)) {
      max($0, abs($1.0 / Float(check.size) - $1.1))
    }
    check.expect(
      worst <= 1e-4 * scale(entry.name), "\(entry.name): off by \(worst) of \(scale(entry.name))")
  }
  for buffer in parameters.buffers {
    let truth = try golden.floats("/updated/\(buffer.name)")
    let largest = truth.reduce(Float(0)) { max($0, abs($1)) }
    let worst = zip(parameters.bufferLogical(buffer), truth).reduce(Float(0)) {
      max($0, abs($1.0 - $1.1))
    }
    check.expect(worst <= 1e-4 * largest, "\(buffer.name): off by \(worst) of \(largest)")
  }
}
