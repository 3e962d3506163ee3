// What of the machine a pass over clips takes; of every subcommand that computes.

/// Threads and clips of one pass; 0 threads stand for what the machine has.
public struct Resources: Equatable, Sendable {
  /// Clips per rank and pass.
  public var batch = 8
  /// Compute threads per rank; 0: this rank's share of the cores it may use.
  public var threads = 0
  /// Decoding threads per rank; 0: as many as compute threads, at most 4.
  public var dataThreads = 0

  /// The defaults.
  public init() {}

  /// - Throws: `ConfigurationError` about the first that is out of its setting's range.
  package func validate() throws {
    var settings = TrainingConfiguration()
    settings.resources = self
    try settings.requireRange("batch", "threads", "data-threads")
  }

  /// With numbers in place of the zeros.
  ///
  /// - Parameter share: cores that are this rank's.
  package func resolved(share: Int) -> Resources {
    var resources = self
    if threads == 0 { resources.threads = share }
    if dataThreads == 0 { resources.dataThreads = min(4, resources.threads) }
    return resources
  }
}
