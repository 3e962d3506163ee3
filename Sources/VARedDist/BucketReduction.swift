// One bucket on its way: to the host's first rank, between the hosts, and back.

import CMPI

/// What is summed: a flat buffer of elements that MPI can add.
struct GradientElements {
  let base: UnsafeMutableRawPointer
  let bytes: Int
  let type: MPI_Datatype?
}

/// How gradients travel between hosts.
public enum GradientCompression: String, CaseIterable, Sendable {
  /// As they are.
  case none
  /// As bfloat16: each host's sum is rounded once, they are added in fp32, and their sum is rounded
  /// once on its way back, the same bits on every rank.
  case bf16
}

/// The collectives of one bucket, one after the other; each begins when the bucket before has begun
/// its own of that kind.
final class BucketReduction {
  /// What comes one after the other.
  enum Stage: Int {
    /// To the host's first rank; of a single host, to all.
    case inward
    /// Between the hosts: whole, or, compressed, each part to the host that sums it.
    case between
    /// Compressed sums to all hosts.
    case betweenBack
    /// From the host's first rank to the others.
    case outward
    case done
  }

  /// Begun or done.
  private(set) var stage = Stage.inward
  private let hosts: HostCommunicators
  private let elements: GradientElements
  private let range: Range<Int>
  private var request = vared_MPI_REQUEST_NULL()
  private var compressed: CompressedBucket?

  /// Begins.
  init(
    _ range: Range<Int>, of elements: GradientElements, over hosts: HostCommunicators,
    compression: GradientCompression
  ) throws {
    (self.hosts, self.elements, self.range) = (hosts, elements, range)
    if compression == .bf16, hosts.hosts > 1, hosts.localRank == 0 {
      compressed = CompressedBucket(
        elements.base.assumingMemoryBound(to: Float.self) + range.lowerBound, count: range.count,
        hosts: hosts)
    }
    try begin()
  }

  private var base: UnsafeMutableRawPointer { elements.base + range.lowerBound * elements.bytes }
  private var count: Int32 { Int32(range.count) }

  /// Goes on as far as it can without waiting.
  ///
  /// - Parameter limit: the stage of the bucket before, beyond which this one does not go.
  func advance(upTo limit: Stage) throws {
    while stage != .done, stage.rawValue < limit.rawValue {
      var isComplete: Int32 = 0
      try check("MPI_Test (gradients)") {
        MPI_Test(&request, &isComplete, vared_MPI_STATUS_IGNORE())
      }
      guard isComplete != 0, let next = Stage(rawValue: stage.rawValue + 1) else { return }
      stage = next
      try begin()
    }
  }

  private func begin() throws {
    switch stage {
    case .inward where hosts.hosts == 1: try allReduce(over: hosts.inward)
    case .inward where hosts.localSize > 1:
      let isRoot = hosts.localRank == 0
      let (base, type) = (base, elements.type)
      try check("MPI_Ireduce") {
        MPI_Ireduce(
          isRoot ? vared_MPI_IN_PLACE() : base, isRoot ? base : nil, count, type, vared_MPI_SUM(),
          0, hosts.inward, &request)
      }
    case .between where hosts.hosts > 1 && hosts.localRank == 0:
      if let compressed {
        request = try compressed.send()
      } else {
        try allReduce(over: hosts.between)
      }
    case .betweenBack:
      request = try compressed?.sendBack() ?? request
    case .outward where hosts.hosts > 1 && hosts.localSize > 1:
      compressed?.take()
      let (base, type) = (base, elements.type)
      try check("MPI_Ibcast") { MPI_Ibcast(base, count, type, 0, hosts.outward, &request) }
    case .outward: compressed?.take()
    default: break
    }
  }

  private func allReduce(over communicator: MPI_Comm?) throws {
    let (base, type) = (base, elements.type)
    try check("MPI_Iallreduce") {
      MPI_Iallreduce(
        vared_MPI_IN_PLACE(), base, count, type, vared_MPI_SUM(), communicator, &request)
    }
  }
}

/// A bucket that travels as bfloat16: to the host that sums a part of it, and back from there.
private final class CompressedBucket {
  private let values: UnsafeMutablePointer<Float>
  private let count: Int
  private let hosts: HostCommunicators
  /// Elements of each host's part.
  private let part: Int
  private let outgoing: UnsafeMutableBufferPointer<UInt16>
  private let incoming: UnsafeMutableBufferPointer<UInt16>

  init(_ values: UnsafeMutablePointer<Float>, count: Int, hosts: HostCommunicators) {
    (self.values, self.count, self.hosts) = (values, count, hosts)
    part = (count + hosts.hosts - 1) / hosts.hosts
    outgoing = .allocate(capacity: part * hosts.hosts)
    incoming = .allocate(capacity: part * hosts.hosts)
    outgoing.initialize(repeating: 0)
    incoming.initialize(repeating: 0)
  }

  deinit {
    outgoing.deallocate()
    incoming.deallocate()
  }

  /// Begins to hand each host its part.
  func send() throws -> MPI_Request? {
    for i in 0..<count { outgoing[i] = BFloat16.bits(values[i]) }
    var request = vared_MPI_REQUEST_NULL()
    let bytes = Int32(2 * part)
    try check("MPI_Ialltoall") {
      MPI_Ialltoall(
        outgoing.baseAddress, bytes, vared_MPI_BYTE(), incoming.baseAddress, bytes,
        vared_MPI_BYTE(), hosts.between, &request)
    }
    return request
  }

  /// Sums what came in and begins to hand the sums to all.
  func sendBack() throws -> MPI_Request? {
    let first = hosts.host * part
    for i in 0..<part {
      var sum: Float = 0
      for host in 0..<hosts.hosts { sum += BFloat16.value(incoming[host * part + i]) }
      outgoing[first + i] = BFloat16.bits(sum)
    }
    var request = vared_MPI_REQUEST_NULL()
    try check("MPI_Iallgather") {
      MPI_Iallgather(
        vared_MPI_IN_PLACE(), 0, vared_MPI_BYTE(), outgoing.baseAddress, Int32(2 * part),
        vared_MPI_BYTE(), hosts.betweenBack, &request)
    }
    return request
  }

  /// Takes the sums of all parts.
  func take() {
    for i in 0..<count { values[i] = BFloat16.value(outgoing[i]) }
  }
}

/// The upper half of a float.
enum BFloat16 {
  /// The nearest one, ties to even; not a number stays none.
  static func bits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    guard !value.isNaN else { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
  }

  static func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
