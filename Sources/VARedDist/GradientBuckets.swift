// GradientBuckets: sums one flat gradient buffer over the ranks while backward still fills it.
// Backward finishes gradients from the end of the buffer to its start, so the buckets are cut from
// the end; each is started as soon as all of it is final and few enough are under way.

import CMPI

/// The overlapping all-reduce (sum) of one flat gradient buffer.
///
/// A step is: backward calls ``ready(from:)`` with a falling offset, then ``finish()`` once; after
/// it the buffer holds the sums over all ranks, the same bits on each. With one rank both do
/// nothing. A bucket is summed on each host first, then between one rank of each host.
///
/// Open MPI moves data only inside MPI calls. Where there are several hosts a thread makes them
/// while the caller computes; it keeps few bytes under way, so that the small all-reduces of
/// synchronised batch norm, for which the next layer waits, do not queue behind gradients that are
/// needed at the end of the step only. Within one host there is nothing to hide, and `ready` makes
/// the calls.
///
/// All ranks must make the same buckets; how many `ready` calls they make does not matter. After an
/// error, end the job: collectives under way cannot be cancelled and still refer to the buffer.
public final class GradientBuckets {
  private let exchange: GradientExchange
  private let size: Int

  /// Cuts `gradients` into buckets. Collective.
  ///
  /// - Parameters:
  ///   - communicator: the ranks to sum over.
  ///   - gradients: the flat buffer, of the same length on every rank; it must outlive this object.
  ///   - bucketBytes: size of a bucket, at least 4; the one at the start of the buffer may be
  ///     smaller. Nil: what is quickest for the ranks' hosts.
  ///   - compression: how gradients travel between hosts.
  ///   - ranksPerHost: ranks in a row that are taken for those of one host; nil: those that share
  ///     memory.
  /// - Throws: ``MPIError``.
  public convenience init(
    _ communicator: Communicator, gradients: UnsafeMutableBufferPointer<Float>,
    bucketBytes: Int? = nil, compression: GradientCompression = .none, ranksPerHost: Int? = nil
  ) throws {
    try self.init(
      communicator, gradients, vared_MPI_FLOAT(), bucketBytes, compression, ranksPerHost)
  }

  /// Cuts gradients in fixed point into buckets. Collective.
  ///
  /// - Parameters:
  ///   - communicator: the ranks to sum over.
  ///   - fixedPoint: the flat buffer, of the same length on every rank; it must outlive this
  ///     object.
  ///   - bucketBytes: size of a bucket, at least 8; the one at the start of the buffer may be
  ///     smaller. Nil: what is quickest for the ranks' hosts.
  ///   - ranksPerHost: ranks in a row that are taken for those of one host; nil: those that share
  ///     memory.
  /// - Throws: ``MPIError``.
  public convenience init(
    _ communicator: Communicator, fixedPoint: UnsafeMutableBufferPointer<Int64>,
    bucketBytes: Int? = nil, ranksPerHost: Int? = nil
  ) throws {
    try self.init(
      communicator, fixedPoint, vared_MPI_INT64_T(), bucketBytes, .none, ranksPerHost)
  }

  private init<Element>(
    _ communicator: Communicator, _ gradients: UnsafeMutableBufferPointer<Element>,
    _ type: MPI_Datatype?, _ bucketBytes: Int?, _ compression: GradientCompression,
    _ ranksPerHost: Int?
  ) throws {
    let elementBytes = MemoryLayout<Element>.stride
    precondition(bucketBytes ?? 8 >= elementBytes, "a bucket holds at least one gradient")
    size = communicator.size
    let elements = gradients.baseAddress.map {
      GradientElements(base: UnsafeMutableRawPointer($0), bytes: elementBytes, type: type)
    }
    exchange = GradientExchange(
      elements, count: gradients.count,
      hosts: try HostCommunicators(communicator, ranksPerHost: ranksPerHost),
      bucketBytes: bucketBytes, compression: compression)
    if size > 1 { exchange.startThread() }
  }

  deinit { exchange.stop() }

  /// Says that every gradient at an index ≥ `offset` is final.
  ///
  /// Wraps `MPI_Ireduce`, `MPI_Iallreduce`, `MPI_Ibcast` (MPI 3.1 §5.12) and `MPI_Test` (§3.7.3).
  ///
  /// - Parameter offset: from the buffer's count down to 0; a larger one than before changes
  ///   nothing.
  /// - Precondition: 0 ≤ offset ≤ count.
  /// - Throws: ``MPIError``.
  public func ready(from offset: Int) throws {
    precondition(offset >= 0 && offset <= exchange.count, "offset outside of the buffer")
    guard size > 1 else { return }
    try exchange.ready(from: offset)
  }

  /// Runs a collective that the next layer waits for: until it is over no bucket is started that it
  /// would have to share the network with.
  ///
  /// - Parameter body: makes the collective.
  public func yielding<Result>(to body: () throws -> Result) rethrows -> Result {
    try exchange.holding(body)
  }

  /// Starts what is left, waits until every bucket holds its sum, and makes ready for the next
  /// step.
  ///
  /// Wraps what `ready` does. Collective.
  ///
  /// - Returns: the seconds spent here, that is the part of the all-reduce that was not hidden.
  /// - Throws: ``MPIError``.
  public func finish() throws -> Double {
    guard size > 1 else { return 0 }
    let start = ContinuousClock.now
    try exchange.finish()
    return start.duration(to: .now) / .seconds(1)
  }
}
