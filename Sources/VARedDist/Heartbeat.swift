// Heartbeat: the first ranks of the hosts tell each other, once a second, what goes on at home.

import CMPI
import Foundation
import Synchronization

/// What is known of another host.
struct FarHost {
  let ranks: [Int]
  var name: String
  /// In the order of `ranks`; empty before the first word of it.
  var statuses: [RankStatus] = []
  /// When word of it came last.
  var heard = ContinuousClock.now
}

/// Messages between the leaders of hosts, rank 0 in the middle, over a communicator of their own.
///
/// Only calls that never wait: a broken network delays these messages and nothing else. A message
/// has at most 512 bytes a rank.
final class Heartbeat: @unchecked Sendable {  // everything mutable is under `lock`
  /// Seconds from one message to the next.
  static let seconds = 1.0

  private let lock = Mutex(())
  private let hostName: String
  private let peers: [Peer]
  private var isClosed = false

  /// - Parameters:
  ///   - handle: a communicator that nothing else uses.
  ///   - rank: this leader.
  ///   - leaders: of every rank its host's.
  ///   - hostName: this host's.
  init(_ handle: MPI_Comm, rank: Int, leaders: [Int], hostName: String) {
    self.hostName = hostName
    let hosts = Dictionary(grouping: leaders.indices, by: { leaders[$0] })
    let bytes = 1024 + 512 * (hosts.values.map(\.count).max() ?? 1)
    let others = rank == 0 ? hosts.keys.filter { $0 != 0 }.sorted() : [0]
    peers = others.map { Peer(handle, leader: $0, ranks: hosts[$0] ?? [], bytes: bytes) }
  }

  /// Sends what the ranks of this host do and takes what has come of others.
  ///
  /// - Parameter reports: progress of all hosts that this one knows of.
  /// - Returns: the other hosts, and a number that goes up with progress there.
  func exchange(_ statuses: [RankStatus], reports: Int) -> (hosts: [FarHost], reports: Int) {
    lock.withLock { _ in
      guard !isClosed else { return ([], 0) }
      let message = HostMessage(host: hostName, reports: reports, statuses)
      let bytes = (try? JSONEncoder().encode(message)).map(Array.init) ?? []
      for peer in peers {
        peer.receive()
        peer.send(bytes)
      }
      return (peers.map(\.host), peers.reduce(0) { $0 + $1.reports })
    }
  }

  /// Ends it, so that MPI can be finalized.
  func close() {
    lock.withLock { _ in
      if !isClosed { peers.forEach { $0.close() } }
      isClosed = true
    }
  }
}

/// What one leader tells another.
private struct HostMessage: Codable {
  struct Rank: Codable {
    let state: Int
    let reports: Int
    let beats: Int
    let phase: String
  }
  let host: String
  let reports: Int
  let ranks: [Rank]

  init(host: String, reports: Int, _ statuses: [RankStatus]) {
    self.host = host
    self.reports = reports
    ranks = statuses.map {
      Rank(state: $0.state.rawValue, reports: $0.reports, beats: $0.beats, phase: $0.phase)
    }
  }

  var statuses: [RankStatus] {
    ranks.map {
      RankStatus(
        state: RankStatus.State(rawValue: $0.state) ?? .unknown, reports: $0.reports,
        beats: $0.beats, phase: $0.phase)
    }
  }
}

/// The other end of one leader's messages: at most one is under way in each direction.
private final class Peer {
  var host: FarHost
  private(set) var reports = 0
  private let handle: MPI_Comm
  private let leader: Int32
  private let incoming: UnsafeMutableRawBufferPointer
  private let outgoing: UnsafeMutableRawBufferPointer
  private var receiving: MPI_Request?
  private var sending: MPI_Request?

  init(_ handle: MPI_Comm, leader: Int, ranks: [Int], bytes: Int) {
    self.handle = handle
    self.leader = Int32(leader)
    host = FarHost(ranks: ranks, name: "the host of rank \(leader)")
    // Never freed: MPI may still refer to them. There is one heartbeat in a process.
    incoming = .allocate(byteCount: bytes, alignment: 8)
    outgoing = .allocate(byteCount: bytes, alignment: 8)
    incoming.initializeMemory(as: UInt8.self, repeating: 0)
  }

  func receive() {
    if receiving != nil {
      guard isDone(&receiving) else { return }
      take()
    }
    incoming.initializeMemory(as: UInt8.self, repeating: 0)
    let code = MPI_Irecv(
      incoming.baseAddress, Int32(incoming.count), vared_MPI_BYTE(), leader, 0, handle, &receiving)
    if code != MPI_SUCCESS { receiving = nil }
  }

  func send(_ bytes: [UInt8]) {
    guard sending == nil || isDone(&sending), bytes.count < outgoing.count else { return }
    outgoing.copyBytes(from: bytes)
    let code = MPI_Isend(
      outgoing.baseAddress, Int32(bytes.count), vared_MPI_BYTE(), leader, 0, handle, &sending)
    if code != MPI_SUCCESS { sending = nil }
  }

  func close() {
    guard receiving != nil else { return }
    MPI_Cancel(&receiving)
    MPI_Request_free(&receiving)
  }

  /// Whether the request is done; it is nil then.
  private func isDone(_ request: inout MPI_Request?) -> Bool {
    var isDone: Int32 = 0
    let code = MPI_Test(&request, &isDone, vared_MPI_STATUS_IGNORE())
    guard code == MPI_SUCCESS, isDone != 0 else { return false }
    request = nil
    return true
  }

  /// Takes what has come; the text ends before the first zero.
  private func take() {
    let text = Data(incoming.prefix { $0 != 0 })
    guard let message = try? JSONDecoder().decode(HostMessage.self, from: text) else { return }
    host.name = message.host
    host.statuses = message.statuses
    host.heard = .now
    reports = message.reports
  }
}
