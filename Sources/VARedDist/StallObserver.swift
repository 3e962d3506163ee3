// StallObserver: what the watch of a rank makes of what it sees.

import Foundation

/// Looks at this rank, at those on its host and at the other hosts, again and again, until
/// something is wrong.
struct StallObserver {
  /// Seconds between looks.
  let interval: Double
  private let seconds: Double
  private let communicator: Communicator
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  private var own = Quiet()
  /// Of every rank that this one knows of.
  private var job = Quiet()
  /// Of each process on this host.
  private var beats: [Quiet]
  private var goneLooks = 0
  private var hosts: [FarHost] = []
  private var sinceExchange = Heartbeat.seconds
  private var runSeconds = 0.0

  /// How long a number has not changed.
  private struct Quiet {
    var seconds = 0.0
    private var seen: Int?

    mutating func look(_ number: Int, after elapsed: Double) {
      seconds = number == seen ? seconds + elapsed : 0
      seen = number
    }
  }

  init(_ communicator: Communicator, seconds: Double) {
    self.communicator = communicator
    self.seconds = seconds
    interval = min(0.5, seconds / 10)
    last = clock.now
    beats = communicator.board.ranks.map { _ in Quiet() }
  }

  /// Waits a moment and looks.
  ///
  /// - Parameter status: what this rank does.
  /// - Returns: why the job has to end; nil: it goes on.
  mutating func look(_ status: RankStatus) -> String? {
    Thread.sleep(forTimeInterval: interval)
    let now = clock.now
    let elapsed = min((now - last) / .seconds(1), 2 * interval)
    last = now
    runSeconds += elapsed
    let board = communicator.board
    board.beat()
    let here = board.read()
    exchange(here, after: elapsed)
    for index in beats.indices { beats[index].look(here[index].beats, after: elapsed) }
    own.look(status.reports, after: elapsed)
    job.look(here.reduce(board.farReports) { $0 + $1.reports }, after: elapsed)

    if status.state == .working, own.seconds > seconds {
      _ = board.mayExplain()  // Those that wait leave it to this rank.
      return "stalled: no progress for \(words(own.seconds)) in phase '\(status.phase)' on "
        + "\(communicator.hostName); ending the job"
    }
    if let gone = goneRank(here) { return gone }
    guard status.state == .waiting, job.seconds > seconds + patience else { return nil }
    return explained("stalled: " + diagnosis(here, status) + "; ending the job")
  }

  /// A rank that hangs in its own work gets the time to speak first; then rank 0, which knows of
  /// all hosts, then their leaders, then the others.
  private var patience: Double {
    let isLeader = communicator.leaders[communicator.rank] == communicator.rank
    let turns = communicator.rank == 0 ? 1.0 : isLeader ? 2 : 3
    return 3 * interval + (communicator.isSpread ? turns * 2 * Heartbeat.seconds : 0)
  }

  /// `reason` on the first rank of this host that has one; others leave it the time to say it and
  /// to end the job.
  private func explained(_ reason: String) -> String {
    if communicator.board.mayExplain() { return reason }
    Thread.sleep(forTimeInterval: communicator.isSpread ? Self.launcherSeconds : 5)
    return reason
  }

  /// How long mpirun may take to notice a broken network (docs/OPERATIONS.md). An abort before that
  /// would make it wait for the host it cannot reach.
  private static let launcherSeconds = 20.0

  /// How long to leave the end of the job to the launcher.
  var secondsBeforeAbort: Double {
    silentHosts().isEmpty ? 2 * interval : Self.launcherSeconds
  }

  private mutating func exchange(_ here: [RankStatus], after elapsed: Double) {
    sinceExchange += elapsed
    guard let heartbeat = communicator.heartbeat, sinceExchange >= Heartbeat.seconds else { return }
    sinceExchange = 0
    let board = communicator.board
    // Rank 0 hears of all hosts and passes it on.
    let known = here.reduce(communicator.rank == 0 ? board.farReports : 0) { $0 + $1.reports }
    let far = heartbeat.exchange(here, reports: known)
    hosts = far.hosts
    board.farReports = far.reports
  }

  /// A process of this host that ended without a word. `mpirun` sees that too, and gets the time to
  /// say how it ended.
  private mutating func goneRank(_ here: [RankStatus]) -> String? {
    let board = communicator.board
    let gone = here.indices.first { index in
      let status = here[index]
      return status.processID > 0 && status.state != .ended && status.state != .unknown
        && Self.isGone(status.processID)
    }
    guard let gone else {
      goneLooks = 0
      return nil
    }
    goneLooks += 1
    guard Double(goneLooks) * interval > 1.5 else { return nil }
    return explained(
      "rank \(board.ranks[gone]) on \(communicator.hostName) is gone: its process "
        + "\(here[gone].processID) ended without a word in phase '\(here[gone].phase)' (killed, or "
        + "out of memory?); ending the job")
  }

  /// Whether a process has ended, also where its parent has not looked yet.
  private static func isGone(_ process: Int) -> Bool {
    if kill(pid_t(process), 0) != 0 { return errno == ESRCH }
    let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    guard let text, let end = text.lastIndex(of: ")") else { return false }
    return ["Z", "X"].contains(text[end...].dropFirst(2).first)
  }

  // MARK: - Words

  private func diagnosis(_ here: [RankStatus], _ status: RankStatus) -> String {
    let time = words(job.seconds)
    let wait =
      "nobody made progress for \(time); rank \(communicator.rank) waits for other ranks in phase "
      + "'\(status.phase)'"
    let silent = silentHere(here) + silentHosts()
    if !silent.isEmpty { return "\(wait): " + silent.joined(separator: "; ") }
    let busy = everyone(here).filter { $0.status.state == .working }
    if let first = busy.first {
      let more = busy.count > 1 ? " and \(busy.count - 1) more" : ""
      return "\(wait): rank \(first.rank)\(more) on \(first.host) is in phase "
        + "'\(first.status.phase)'"
    }
    let byPhase = Dictionary(grouping: everyone(here), by: \.status.phase)
    let phases = byPhase.sorted { $0.key < $1.key }
    let list = phases.map { phase, ranks in
      "'\(phase)' (rank\(ranks.count > 1 ? "s" : "") \(Self.list(ranks.map(\.rank))))"
    }
    return "\(wait), and so do all: \(list.joined(separator: ", ")); "
      + (phases.count > 1
        ? "they wait for different things" : "a message between them was lost or is on its way")
  }

  /// Ranks of this host whose processes do not run.
  private func silentHere(_ here: [RankStatus]) -> [String] {
    here.indices.compactMap { index in
      let status = here[index]
      let isQuiet = beats[index].seconds > max(min(2, seconds / 2), 4 * interval)
      guard isQuiet || status.state == .unknown else { return nil }
      let rank = "rank \(communicator.board.ranks[index]) on \(communicator.hostName)"
      switch status.state {
      case .unknown: return "\(rank) has not begun"
      case .ended: return "\(rank) has ended its work"
      case .working, .waiting:
        return "\(rank) is silent: its process \(status.processID) does not run (stopped, or "
          + "stuck in the kernel?), last seen in phase '\(status.phase)'"
      }
    }
  }

  /// Hosts of which no word comes.
  private func silentHosts() -> [String] {
    hosts.compactMap { host in
      let quiet = host.heard.duration(to: clock.now) / .seconds(1)
      guard quiet > min(max(5 * Heartbeat.seconds, seconds / 4), seconds) else { return nil }
      let doing = host.statuses.first.map { ", last seen in phase '\($0.phase)'" } ?? ""
      return "no word from \(host.name) (rank\(host.ranks.count > 1 ? "s" : "") "
        + "\(Self.list(host.ranks))) for \(words(quiet))\(doing): the network to it is broken, or "
        + "the host is down"
    }
  }

  private func everyone(
    _ here: [RankStatus]
  ) -> [(rank: Int, host: String, status: RankStatus)] {
    let near = zip(communicator.board.ranks, here).map { ($0, communicator.hostName, $1) }
    return hosts.reduce(near) { all, host in
      all + zip(host.ranks, host.statuses).map { ($0, host.name, $1) }
    }
  }

  /// `0, 1, 2 and 5 more`.
  private static func list(_ ranks: [Int]) -> String {
    let first = ranks.prefix(4).map(String.init).joined(separator: ", ")
    return ranks.count > 4 ? "\(first) and \(ranks.count - 4) more" : first
  }

  private func words(_ seconds: Double) -> String { String(format: "%.1f s", seconds) }
}
