// What is measured in one training step, and how the ranks' measurements become one.

import VARedDist
import VARedNN

/// One step over all ranks: a `"kind":"step"` line of metrics.jsonl.
struct StepRecord {
  var clips = 0.0
  var loss = 0.0
  var accuracy = 0.0
  var cost = 0.0
  var convRatio = 0.0
  var executedGMACs = 0.0
  /// What was executed in the unit of the loss: the conv ratio again, or the time ratio.
  var executedCost = 0.0
  /// The same where it is the time ratio.
  var timeRatio: Double?
  /// Mean over the ranks, in seconds.
  var dataSeconds = 0.0
  var forwardSeconds = 0.0
  var backwardSeconds = 0.0
  var allReduceSeconds = 0.0
  /// Clips of this step that could not be decoded.
  var badClips = 0.0
  /// Whether any rank found something that is not finite: the step is not taken.
  var isUndone = false
  /// Signals that have arrived at any rank.
  var signals: Signals = []
  /// From the end of the step before to the end of this one, on this rank.
  var wallSeconds = 0.0
  /// Where the seconds went on each rank; nil on ranks other than 0.
  var rankTimes: RankTimes?

  /// Reduces one rank's outcome over all ranks: means over clips, sums of counts, mean seconds.
  /// Collective: one all-reduce of a few numbers.
  ///
  /// - Parameters:
  ///   - isFaulty: this rank found something that is not finite.
  ///   - waited: what this rank has waited for in this step.
  ///   - scatter: the network's, of this step; nil where costs are MACs.
  /// - Throws: `MPIError`.
  init(
    _ outcome: StepOutcome, isFaulty: Bool = false, badClips: Int, waited: StepSeconds,
    scatter: Scatter? = nil, over communicator: Communicator
  ) throws {
    let clips = Double(outcome.count)
    let received = Signals.received
    var sums: [Double] = [
      clips, outcome.sums.crossEntropy,
      Double(outcome.correct), outcome.sums.cost, outcome.sums.convRatio,
      outcome.sums.executedMACs, waited.data,
      outcome.forwardSeconds, outcome.backwardSeconds, waited.gradients, Double(badClips),
      isFaulty ? 1 : 0, outcome.sums.executedCost,
    ]
    let firstSignal = sums.count
    sums += Signals.each.map { received.contains($0) ? 1 : 0 }
    let firstPair = sums.count
    sums += scatter?.counts ?? []
    try sums.withUnsafeMutableBufferPointer { try communicator.allReduceSum($0) }
    let ranks = Double(communicator.size)
    self.clips = sums[0]
    // Weighted after the sum: what each rank rounds would depend on how many there are.
    loss = (sums[1] + outcome.costWeight * sums[3]) / sums[0]
    accuracy = sums[2] / sums[0]
    cost = sums[3] / sums[0]
    convRatio = sums[4] / sums[0]
    executedGMACs = sums[5] / sums[0] / 1e9
    dataSeconds = sums[6] / ranks
    forwardSeconds = sums[7] / ranks
    backwardSeconds = sums[8] / ranks
    allReduceSeconds = sums[9] / ranks
    self.badClips = sums[10]
    isUndone = sums[11] > 0 || !loss.isFinite
    executedCost = sums[12] / sums[0]
    if let scatter {
      executedCost += scatter.ratio(of: sums[firstPair...])
      timeRatio = executedCost
    }
    for (signal, count) in zip(Signals.each, sums[firstSignal...]) where count > 0 {
      signals.insert(signal)
    }
  }

  /// The line of metrics.jsonl; `step` counts from 1.
  func line(step: Int, _ plan: StepPlan) -> JSONLine {
    var seconds = JSONLine()
    seconds.add("data", dataSeconds)
    seconds.add("forward", forwardSeconds)
    seconds.add("backward", backwardSeconds)
    seconds.add("allreduce", allReduceSeconds)
    var line = JSONLine()
    line.add("kind", "step")
    line.add("step", step)
    line.add("epoch", plan.epoch + 1)
    line.add("loss", loss)
    line.add("accuracy", accuracy)
    line.add("cost", cost)
    line.add("cost_weight", plan.costWeight)
    line.add("conv_ratio", convRatio)
    if let timeRatio { line.add("time_ratio", timeRatio) }
    line.add("executed_gmacs", executedGMACs)
    line.add("learning_rate", plan.learningRate)
    line.add("clips_per_second", clips / wallSeconds)
    line.add("seconds", seconds)
    if let rankTimes { line.add("rank_seconds", rankTimes.line) }
    if isUndone { line.add("undone", true) }
    return line
  }
}
