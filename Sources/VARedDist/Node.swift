// Node: the ranks of one host, while the communicator is being made.

import CMPI
import Foundation

/// The ranks on this host as MPI sees them: those that can share memory.
struct Node {
  let rank: Int
  let size: Int
  private var handle: MPI_Comm?
  /// The world rank of the first of them.
  private let leader: Int

  /// Wraps `MPI_Comm_split_type(MPI_COMM_TYPE_SHARED)` (MPI 3.1 §6.4). Collective.
  ///
  /// - Parameter rank: this process's in `world`.
  /// - Throws: ``MPIError``.
  init(of world: MPI_Comm, rank worldRank: Int) throws {
    var node = vared_MPI_COMM_NULL()
    try check("MPI_Comm_split_type") {
      MPI_Comm_split_type(
        world, Int32(MPI_COMM_TYPE_SHARED), Int32(worldRank), vared_MPI_INFO_NULL(), &node)
    }
    guard let node else { throw MPIError(call: "MPI_Comm_split_type", code: MPI_ERR_COMM) }
    handle = node
    (rank, size) = try Communicator.position(in: node)
    var first = Int64(worldRank)
    try check("MPI_Bcast") { MPI_Bcast(&first, 1, vared_MPI_INT64_T(), 0, node) }
    leader = Int(first)
  }

  /// Of every rank of `world` the first on its host. Collective.
  ///
  /// - Throws: ``MPIError``.
  func leaders(of world: MPI_Comm, size: Int) throws -> [Int] {
    var mine = Int64(leader)
    var all = [Int64](repeating: 0, count: size)
    try check("MPI_Allgather") {
      MPI_Allgather(&mine, 1, vared_MPI_INT64_T(), &all, 1, vared_MPI_INT64_T(), world)
    }
    return all.map(Int.init)
  }

  /// The board of this host. Collective.
  ///
  /// - Throws: ``MPIError``.
  func statusBoard(rank worldRank: Int, leaders: [Int]) throws -> StatusBoard {
    let ranks = leaders.indices.filter { leaders[$0] == leader }
    guard size > 1, let handle else {
      return StatusBoard(ranks: [worldRank], rank: worldRank, name: nil)
    }
    var number = Int64(0)
    if rank == 0 {
      number = Int64.random(in: 1...Int64.max)
      if !StatusBoard.create(Self.name(number), slots: size) { number = 0 }
    }
    try check("MPI_Bcast") { MPI_Bcast(&number, 1, vared_MPI_INT64_T(), 0, handle) }
    let name = number == 0 ? nil : Self.name(number)
    let board = StatusBoard(ranks: ranks, rank: worldRank, name: name)
    try check("MPI_Barrier") { MPI_Barrier(handle) }
    if rank == 0, let name { shm_unlink(name) }
    return board
  }

  private static func name(_ number: Int64) -> String {
    "/vared-" + String(number, radix: 36)
  }

  /// Gives the handle back. Collective.
  ///
  /// - Throws: ``MPIError``.
  func free() throws {
    var handle = handle
    try check("MPI_Comm_free") { MPI_Comm_free(&handle) }
  }
}
