// Where the seconds of one rank's step go: what it waits for, and the rest, in which it computes.

/// The seconds of a step on one rank; together they are the step's.
struct StepSeconds: Equatable, Sendable {
  /// In which it waited for nothing: network, optimizer, on rank 0 the log.
  var compute = 0.0
  /// In which it waited for batch norm's sums over the ranks.
  var batchNorm = 0.0
  /// In which it waited at the step's end: for the sums of gradients that were not hidden behind
  /// backward, and of the step's numbers.
  var gradients = 0.0
  /// In which it waited for clips.
  var data = 0.0

  /// The fields with their names in metrics.jsonl, in the order in which ranks tell them.
  static let fields: [(name: String, path: WritableKeyPath<StepSeconds, Double> & Sendable)] = [
    ("compute", \.compute), ("batch_norm", \.batchNorm), ("gradients", \.gradients),
    ("data", \.data),
  ]

  /// The values in the order of `fields`.
  var values: [Double] { Self.fields.map { self[keyPath: $0.path] } }

  /// From `values`.
  init(values: some Collection<Double>) {
    for (field, value) in zip(Self.fields, values) { self[keyPath: field.path] = value }
  }

  init() {}

  /// Of the whole step.
  var total: Double { compute + batchNorm + gradients + data }
  /// In which the rank waited for no other rank, so that others had to wait for it.
  var own: Double { compute + data }
}

/// Measures the steps of one rank, one after the other; belongs to the thread that trains.
final class StepClock {
  private var start = ContinuousClock.now
  /// What was waited for since; `compute` is not known before the end.
  private(set) var waited = StepSeconds()

  /// Begins a step now, whatever was before.
  func restart() {
    (start, waited) = (.now, StepSeconds())
  }

  /// Counts what `body` takes as waiting of this kind.
  func waiting<Result>(
    for kind: WritableKeyPath<StepSeconds, Double>, _ body: () throws -> Result
  ) rethrows -> Result {
    let begin = ContinuousClock.now
    defer { waited[keyPath: kind] += begin.duration(to: .now) / .seconds(1) }
    return try body()
  }

  /// Ends the step, whose seconds it returns, and begins the next.
  func lap() -> StepSeconds {
    let now = ContinuousClock.now
    var seconds = waited
    let waits = seconds.batchNorm + seconds.gradients + seconds.data
    seconds.compute = max(0, start.duration(to: now) / .seconds(1) - waits)
    (start, waited) = (now, StepSeconds())
    return seconds
  }
}
