// The ranks by host: those that share memory, and one of each host that speaks over the network.

import CMPI

/// Communicators for a reduction that goes over each host's memory first.
///
/// Nonblocking collectives of one communicator must be started in one order on all its ranks, so
/// what may overtake one another has communicators of its own: sums within a host, between hosts,
/// and what goes back.
final class HostCommunicators {
  /// How many hosts there are.
  let hosts: Int
  /// Ranks of this host, this one's number among them.
  let localSize: Int
  let localRank: Int
  /// This host's number.
  let host: Int
  /// Sums to rank 0 of the host.
  let inward: MPI_Comm?
  /// From rank 0 of the host back to the others.
  let outward: MPI_Comm?
  /// The first ranks of all hosts; null on the others.
  let between: MPI_Comm?
  /// The same, for sums that go back compressed.
  let betweenBack: MPI_Comm?

  /// Makes them; they live until MPI is finalized, as freeing them would be collective. Collective.
  ///
  /// - Parameter ranksPerHost: ranks in a row that count as one host; nil: those that share memory.
  /// - Throws: ``MPIError``.
  init(_ communicator: Communicator, ranksPerHost: Int?) throws {
    let (rank, size) = (communicator.rank, communicator.size)
    inward = try Self.sameHost(communicator, ranksPerHost: ranksPerHost)
    (localRank, localSize) = try Communicator.position(in: inward)
    outward = try Self.copy(inward)
    var leaders = vared_MPI_COMM_NULL()
    let colour = localRank == 0 ? 0 : Int32(MPI_UNDEFINED)
    try check("MPI_Comm_split") {
      MPI_Comm_split(communicator.handle, colour, Int32(rank), &leaders)
    }
    between = leaders
    betweenBack = localRank == 0 ? try Self.copy(leaders) : vared_MPI_COMM_NULL()
    let place = localRank == 0 ? try Communicator.position(in: leaders) : (rank: 0, size: 0)
    hosts = try communicator.allReduceMax(place.size)
    host = place.rank
    precondition(hosts * localSize >= 1 && size >= hosts, "ranks of no host")
  }

  private static func copy(_ communicator: MPI_Comm?) throws -> MPI_Comm? {
    var copy = vared_MPI_COMM_NULL()
    try check("MPI_Comm_dup") { MPI_Comm_dup(communicator, &copy) }
    return copy
  }

  private static func sameHost(
    _ communicator: Communicator, ranksPerHost: Int?
  ) throws -> MPI_Comm? {
    var here = vared_MPI_COMM_NULL()
    let rank = Int32(communicator.rank)
    if let ranksPerHost {
      try check("MPI_Comm_split") {
        MPI_Comm_split(communicator.handle, rank / Int32(ranksPerHost), rank, &here)
      }
    } else {
      try check("MPI_Comm_split_type") {
        MPI_Comm_split_type(
          communicator.handle, Int32(MPI_COMM_TYPE_SHARED), rank, vared_MPI_INFO_NULL(), &here)
      }
    }
    return here
  }
}
