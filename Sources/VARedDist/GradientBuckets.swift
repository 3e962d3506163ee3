// GradientBuckets: sums one flat gradient buffer over the ranks while backward still fills it.
// Backward finishes gradients from the end of the buffer to its start, so the buckets are cut from
// the end; each is one MPI_Iallreduce in place, started as soon as all of it is final.

import CMPI

/// The overlapping all-reduce (sum) of one flat gradient buffer.
///
/// A step is: backward calls ``ready(from:)`` with a falling offset, then ``finish()`` once; after
/// it the buffer holds the sums over all ranks, the same bits on each. Open MPI moves data only
/// inside MPI calls, so `ready` also pokes what is under way: call it between layers, also when
/// nothing new is final. With one rank both do nothing.
///
/// All ranks must make the same buckets and start them in the same order between their other
/// collectives; how many `ready` calls they make does not matter beyond that. After an error, end
/// the job: collectives under way cannot be cancelled and still refer to the buffer.
public final class GradientBuckets {
  private let communicator: Communicator
  private let gradients: UnsafeMutableRawPointer?
  private let count: Int
  private let elementBytes: Int
  private let type: MPI_Datatype?
  private let bucketCount: Int
  /// Everything at an index ≥ this was started in this step.
  private var startedFrom: Int
  /// The collectives of this step, in the order of their start; the null request where done.
  private var requests: [MPI_Request?] = []

  /// Cuts `gradients` into buckets.
  ///
  /// - Parameters:
  ///   - communicator: the ranks to sum over.
  ///   - gradients: the flat buffer, of the same length on every rank; it must outlive this object.
  ///   - bucketBytes: size of a bucket, at least 4; the one at the start of the buffer may be
  ///     smaller.
  public convenience init(
    _ communicator: Communicator, gradients: UnsafeMutableBufferPointer<Float>,
    bucketBytes: Int = 4 << 20
  ) {
    self.init(communicator, gradients, vared_MPI_FLOAT(), bucketBytes: bucketBytes)
  }

  /// Cuts gradients in fixed point into buckets.
  ///
  /// - Parameters:
  ///   - communicator: the ranks to sum over.
  ///   - fixedPoint: the flat buffer, of the same length on every rank; it must outlive this
  ///     object.
  ///   - bucketBytes: size of a bucket, at least 8; the one at the start of the buffer may be
  ///     smaller.
  public convenience init(
    _ communicator: Communicator, fixedPoint: UnsafeMutableBufferPointer<Int64>,
    bucketBytes: Int = 4 << 20
  ) {
    self.init(communicator, fixedPoint, vared_MPI_INT64_T(), bucketBytes: bucketBytes)
  }

  private init<Element>(
    _ communicator: Communicator, _ gradients: UnsafeMutableBufferPointer<Element>,
    _ type: MPI_Datatype?, bucketBytes: Int
  ) {
    elementBytes = MemoryLayout<Element>.stride
    precondition(bucketBytes >= elementBytes, "a bucket holds at least one gradient")
    self.communicator = communicator
    self.gradients = UnsafeMutableRawPointer(gradients.baseAddress)
    self.type = type
    count = gradients.count
    bucketCount = min(bucketBytes / elementBytes, Int(Int32.max))
    startedFrom = count
  }

  /// Says that every gradient at an index ≥ `offset` is final: starts the buckets that are complete
  /// by this and pokes those under way.
  ///
  /// Wraps `MPI_Iallreduce` (MPI 3.1 §5.12.6) and `MPI_Testall` (§3.7.5). Collective where a bucket
  /// becomes complete.
  ///
  /// - Parameter offset: from the buffer's count down to 0; a larger one than before changes
  ///   nothing.
  /// - Precondition: 0 ≤ offset ≤ count.
  /// - Throws: ``MPIError``.
  public func ready(from offset: Int) throws {
    precondition(offset >= 0 && offset <= count, "offset outside of the buffer")
    guard communicator.size > 1 else { return }
    while startedFrom > 0, max(0, startedFrom - bucketCount) >= offset {
      try startNextBucket()
    }
    try poke()
  }

  /// Starts what is left, waits until every bucket holds its sum, and makes ready for the next
  /// step.
  ///
  /// Wraps `MPI_Wait` (MPI 3.1 §3.7.3). Collective.
  ///
  /// - Returns: the seconds spent here, that is the part of the all-reduce that was not hidden.
  /// - Throws: ``MPIError``.
  public func finish() throws -> Double {
    guard communicator.size > 1 else { return 0 }
    let clock = ContinuousClock()
    let start = clock.now
    while startedFrom > 0 { try startNextBucket() }
    for index in requests.indices {
      try check("MPI_Wait (MPI_Iallreduce)") {
        MPI_Wait(&requests[index], vared_MPI_STATUS_IGNORE())
      }
    }
    requests.removeAll(keepingCapacity: true)
    startedFrom = count
    return (clock.now - start) / .seconds(1)
  }

  private func startNextBucket() throws {
    guard let base = gradients else { return }
    let start = max(0, startedFrom - bucketCount)
    var request = vared_MPI_REQUEST_NULL()
    try check("MPI_Iallreduce") {
      MPI_Iallreduce(
        vared_MPI_IN_PLACE(), base + start * elementBytes, Int32(startedFrom - start), type,
        vared_MPI_SUM(), communicator.handle, &request)
    }
    requests.append(request)
    startedFrom = start
  }

  private func poke() throws {
    guard !requests.isEmpty else { return }
    var isDone: Int32 = 0
    try check("MPI_Testall (MPI_Iallreduce)") {
      MPI_Testall(Int32(requests.count), &requests, &isDone, vared_MPI_STATUSES_IGNORE())
    }
  }
}
