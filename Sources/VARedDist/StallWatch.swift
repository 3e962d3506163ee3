// StallWatch: a hang says so. A thread that ends the job when no rank makes progress any more.

import Foundation
import Synchronization

/// Watches that the job makes progress; if nobody does for `seconds`, says which rank is silent, on
/// which host and doing what, and ends the whole job.
///
/// Call ``progress(_:waiting:detail:)`` at every phase of a step. A rank whose own work lasts
/// longer than `seconds` names itself. Ranks that wait for others see what those do, on their host
/// in shared memory and on other hosts by a message a second between the hosts: they speak when
/// nobody in the job has reported progress for `seconds`, and name a process that does not run, a
/// host of which no word comes, or the phases in which all wait. A process on the same host that is
/// gone is named at once. Time in which the process did not run at all (a suspended job) does not
/// count.
public final class StallWatch: Sendable {
  private struct Progress {
    var phase = "start"
    var waiting = false
    var reports = 0
    var detail: (@Sendable () -> String)?
    var stopped = false
  }
  /// Shared with the thread, which must not keep the watch itself alive.
  private final class State: Sendable {
    let progress = Mutex(Progress())
  }
  private let state = State()
  private let communicator: Communicator

  /// Starts watching.
  ///
  /// - Parameters:
  ///   - communicator: the job to end.
  ///   - seconds: how long the job may go without progress; 0 or less: do not watch.
  ///   - status: the job's exit status when it stalls.
  public init(_ communicator: Communicator, seconds: Double, status: Int32 = 1) {
    self.communicator = communicator
    guard seconds > 0 else { return }
    communicator.board.write(.working, reports: 0, phase: "start")
    let thread = Thread { [state] in
      var observer = StallObserver(communicator, seconds: seconds)
      while let own = Self.own(state, communicator) {
        guard let reason = observer.look(own) else { continue }
        communicator.report(reason)
        // Ranks that stall together get the time to say so, too.
        Thread.sleep(forTimeInterval: observer.secondsBeforeAbort)
        communicator.abort(status)
      }
    }
    thread.name = "stall-watch"
    thread.start()
  }

  deinit { stop() }

  /// Says that this rank is making progress and what it does next.
  ///
  /// - Parameters:
  ///   - phase: what begins now, for the message: "decoding", "backward", "all-reduce".
  ///   - waiting: whether the phase waits for other ranks.
  ///   - detail: what to add to the phase when it lasts, such as the file that is being read; is
  ///     called on another thread, about twice a second.
  public func progress(
    _ phase: String, waiting: Bool = false, detail: (@Sendable () -> String)? = nil
  ) {
    state.progress.withLock {
      $0.phase = phase
      $0.waiting = waiting
      $0.detail = detail
      $0.reports += 1
      guard !$0.stopped else { return }
      communicator.board.write(
        waiting ? .waiting : .working, reports: $0.reports, phase: phase)
    }
  }

  /// Waits for other ranks in the middle of a phase, which goes on afterwards.
  ///
  /// - Parameters:
  ///   - phase: as of ``progress(_:waiting:detail:)``.
  ///   - body: what waits; if it throws, the phase is still this one.
  public func waiting(in phase: String, _ body: () throws -> Void) rethrows {
    let before = state.progress.withLock { ($0.phase, $0.waiting, $0.detail) }
    progress(phase, waiting: true)
    try body()
    progress(before.0, waiting: before.1, detail: before.2)
  }

  /// Ends the watch; the rank may then take as long as it likes.
  public func stop() {
    state.progress.withLock {
      $0.stopped = true
      communicator.board.end()
    }
  }

  /// What this rank does, put into words again for the others; nil: the watch is stopped.
  private static func own(_ state: State, _ communicator: Communicator) -> RankStatus? {
    let progress = state.progress.withLock { $0 }
    guard !progress.stopped else { return nil }
    let detail = progress.detail?() ?? ""
    let phase = detail.isEmpty ? progress.phase : "\(progress.phase) \(detail)"
    state.progress.withLock {
      if $0.reports == progress.reports, !$0.stopped { communicator.board.write(phase: phase) }
    }
    return RankStatus(
      state: progress.waiting ? .waiting : .working, reports: progress.reports, phase: phase)
  }
}
