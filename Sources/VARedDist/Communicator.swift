// Communicator: this process among the ranks of the job; MPI's start and end.
// The collectives are extensions of it, one a file.

import CMPI
import Foundation
import Synchronization

/// The ranks of the job, and which of them this process is.
///
/// Works the same as one process without `mpirun` (a singleton: rank 0 of 1). Every collective must
/// be called by all ranks, in the same order, with the same lengths, from one thread at a time.
///
/// Unchecked `Sendable`: everything stored is immutable, and MPI is initialized with
/// `MPI_THREAD_MULTIPLE`, so that ``StallWatch`` may end the job from its own thread.
public final class Communicator: @unchecked Sendable {
  /// This process's number, from 0 to `size - 1`.
  public let rank: Int
  /// How many ranks the job has.
  public let size: Int
  /// This process's number among the ranks on this host.
  public let nodeRank: Int
  /// How many ranks run on this host.
  public let nodeSize: Int

  /// This host's name.
  public let hostName: String

  /// Of every rank, the first rank on its host.
  let leaders: [Int]
  /// What the ranks of this host do.
  let board: StatusBoard
  /// On the first rank of a host, where there are several hosts.
  let heartbeat: Heartbeat?
  /// Whether the ranks are on several hosts.
  var isSpread: Bool { leaders.contains { $0 != 0 } }

  /// The library's handle: a duplicate of `MPI_COMM_WORLD`, which reports errors by return code.
  let handle: MPI_Comm
  /// Collectives over more bytes than this are done in several calls.
  let pieceBytes: Int

  private enum Library {
    case notStarted, running(Communicator), finalized
  }
  private static let library = Mutex(Library.notStarted)
  private static let finalized = Atomic(false)

  /// Whether ``finalize()`` was called in this process.
  package static var isFinalized: Bool { finalized.load(ordering: .acquiring) }

  /// Starts MPI (once a process; later calls return the same communicator).
  ///
  /// Wraps `MPI_Init_thread`, `MPI_Comm_dup`, `MPI_Comm_set_errhandler(MPI_ERRORS_RETURN)` and
  /// `MPI_Comm_split_type(MPI_COMM_TYPE_SHARED)` (MPI 3.1 §8.7, §6.4). Collective.
  ///
  /// - Throws: ``MPIError`` if the library does not start or was finalized before.
  public static func initialize() throws -> Communicator {
    try initialize(pieceBytes: 4 << 20)
  }

  /// Starts MPI with another piece size, so that tests can see collectives in many pieces.
  ///
  /// - Parameter pieceBytes: collectives over more bytes than this are done in several calls.
  package static func initialize(pieceBytes: Int) throws -> Communicator {
    try library.withLock { library in
      switch library {
      case .running(let communicator): return communicator
      case .finalized: throw MPIError.afterFinalize("MPI_Init_thread")
      case .notStarted:
        let communicator = try Communicator(pieceBytes: pieceBytes)
        library = .running(communicator)
        return communicator
      }
    }
  }

  private init(pieceBytes: Int) throws {
    Self.setLibraryDefaults()
    var provided: Int32 = 0
    try check("MPI_Init_thread") {
      MPI_Init_thread(nil, nil, Int32(MPI_THREAD_MULTIPLE), &provided)
    }
    guard provided >= Int32(MPI_THREAD_MULTIPLE) else {
      throw MPIError.threadSupport(provided: provided)
    }
    try check("MPI_Comm_set_errhandler") {
      MPI_Comm_set_errhandler(vared_MPI_COMM_WORLD(), vared_MPI_ERRORS_RETURN())
    }
    var handle = vared_MPI_COMM_NULL()
    try check("MPI_Comm_dup") { MPI_Comm_dup(vared_MPI_COMM_WORLD(), &handle) }
    guard let handle else { throw MPIError(call: "MPI_Comm_dup", code: MPI_ERR_COMM) }
    self.handle = handle
    self.pieceBytes = pieceBytes
    (rank, size) = try Self.position(in: handle)
    hostName = ProcessInfo.processInfo.hostName
    let node = try Node(of: handle, rank: rank)
    (nodeRank, nodeSize) = (node.rank, node.size)
    leaders = try node.leaders(of: handle, size: size)
    board = try node.statusBoard(rank: rank, leaders: leaders)
    heartbeat = try Self.heartbeat(handle, rank: rank, leaders: leaders, hostName: hostName)
    try node.free()
  }

  private static func heartbeat(
    _ handle: MPI_Comm, rank: Int, leaders: [Int], hostName: String
  ) throws -> Heartbeat? {
    guard leaders.contains(where: { $0 != 0 }) else { return nil }
    var duplicate = vared_MPI_COMM_NULL()
    try check("MPI_Comm_dup") { MPI_Comm_dup(handle, &duplicate) }
    guard leaders[rank] == rank, let duplicate else { return nil }
    return Heartbeat(duplicate, rank: rank, leaders: leaders, hostName: hostName)
  }

  /// Open MPI settings that suit this program; what the environment or `mpirun --mca` says wins.
  private static func setLibraryDefaults() {
    if !isLaunched { setDefaultsOfOneProcess() }
    // A child process that tries out a file makes no use of MPI.
    setenv("OMPI_MCA_mpi_warn_on_fork", "0", 0)
    // MPI_Iallreduce by Rabenseifner's algorithm, which moves the least data. With 2 or 3 ranks the
    // default is a reduction to one rank and a broadcast: about half as fast.
    setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "3", 0)
  }

  /// Whether a launcher started this process as a rank.
  package static var isLaunched: Bool {
    let environment = ProcessInfo.processInfo.environment
    return ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"].contains { environment[$0] != nil }
  }

  private static func setDefaultsOfOneProcess() {
    // The library would start a daemon beside this process, which needs ssh to be installed and
    // stays behind when the process is killed.
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0)
    // All such processes would share one folder in TMPDIR: one that ends removes it while another
    // one begins, which fails then.
    let folder = "\(NSTemporaryDirectory())/vared-train.\(getuid()).\(getpid())"
    setenv("OMPI_MCA_orte_top_session_dir", folder, 0)
    // One rank talks to itself alone; looking for networks takes the library a fifth of a second.
    setenv("OMPI_MCA_pml", "ob1", 0)
    setenv("OMPI_MCA_btl", "self", 0)
  }

  static func position(in handle: MPI_Comm?) throws -> (rank: Int, size: Int) {
    var rank: Int32 = 0
    var size: Int32 = 0
    try check("MPI_Comm_rank") { MPI_Comm_rank(handle, &rank) }
    try check("MPI_Comm_size") { MPI_Comm_size(handle, &size) }
    return (Int(rank), Int(size))
  }

  /// Ends MPI; waits until every rank has come here. A second call does nothing.
  ///
  /// Wraps `MPI_Barrier` and `MPI_Finalize` (MPI 3.1 §8.7). The barrier is where ranks wait for the
  /// last one: mpirun 4.1 can hang for good if the job is aborted while ranks wait in
  /// `MPI_Finalize`. Collective. If MPI cannot be ended, the process ends with its reason, as in
  /// ``fail(_:status:)``.
  public func finalize() {
    let isRunning = Self.library.withLock { library in
      guard case .running = library else { return false }
      library = .finalized
      return true
    }
    guard isRunning else { return }
    board.end()
    heartbeat?.close()
    endingJobOnFailure {
      try barrier()
      try check("MPI_Finalize") { MPI_Finalize() }
    }
    Self.finalized.store(true, ordering: .releasing)
  }
}
