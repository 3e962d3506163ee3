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
    // Of every rank what all ranks of its host, and no others, have in common.
    let places = (0..<communicator.size).map { rank in
      ranksPerHost.map { rank / $0 } ?? communicator.leaders[rank]
    }
    let place = places[communicator.rank]
    hosts = Set(places).count
    host = Set(places).sorted().firstIndex(of: place) ?? 0
    inward = try communicator.split(colour: Int32(place))
    (localRank, localSize) = try Communicator.position(in: inward)
    outward = try Self.copy(inward)
    between = try communicator.split(colour: localRank == 0 ? 0 : Int32(MPI_UNDEFINED))
    betweenBack = localRank == 0 ? try Self.copy(between) : vared_MPI_COMM_NULL()
  }

  private static func copy(_ communicator: MPI_Comm?) throws -> MPI_Comm? {
    var copy = vared_MPI_COMM_NULL()
    try check("MPI_Comm_dup") { MPI_Comm_dup(communicator, &copy) }
    return copy
  }
}
