// Signals: SIGTERM, SIGINT and SIGUSR1 as flags that the training loop polls between steps.

import Glibc
import Synchronization

/// Why a job is asked to end in order: which of the watched signals have arrived, or that its time
/// or its steps are up.
///
/// The handler only sets a bit (a lock-free atomic, which is async-signal-safe); everything else is
/// done by the caller that polls. `mpirun` forwards SIGUSR1 to the ranks, but answers SIGTERM and
/// SIGINT by ending them within 1 to 2 s: under `mpirun`, ask for an orderly end with SIGUSR1.
public struct Signals: OptionSet, Sendable {
  /// The bits.
  public let rawValue: Int

  /// A set from its bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// SIGTERM: a scheduler wants its node back.
  public static let terminate = Signals(rawValue: 1)
  /// SIGINT: Ctrl-C.
  public static let interrupt = Signals(rawValue: 2)
  /// SIGUSR1: a scheduler's warning before the end of the allocation.
  public static let user1 = Signals(rawValue: 4)
  /// No signal of the system: the process itself says, with ``note(_:)``, that its time is up.
  public static let timeLimit = Signals(rawValue: 8)
  /// No signal of the system: the process itself says that it has done the steps it may do.
  public static let stepLimit = Signals(rawValue: 16)

  /// All of them, one by one.
  public static let each: [Signals] = [.terminate, .interrupt, .user1, .timeLimit, .stepLimit]

  /// What has arrived since ``watch(_:)`` or the last ``clear()``.
  public static var received: Signals { Signals(rawValue: flags.load(ordering: .relaxed)) }

  /// Forgets what has arrived.
  public static func clear() { flags.store(0, ordering: .relaxed) }

  /// Counts `reasons` as arrived on this rank.
  ///
  /// - Parameter reasons: for example ``timeLimit``.
  public static func note(_ reasons: Signals) {
    flags.bitwiseOr(reasons.rawValue, ordering: .relaxed)
  }

  /// From now on these signals set flags instead of ending the process. Interrupted system calls
  /// restart. A second Ctrl-C ends the process at once. Signals that the parent process left
  /// blocked are unblocked on the calling thread. What has arrived before stays noted.
  ///
  /// Call it first thing in `main`, before MPI starts: until then a signal ends the process.
  /// Wraps `sigaction` and `pthread_sigmask` (POSIX).
  ///
  /// - Parameter signals: which to watch.
  public static func watch(_ signals: Signals = [.terminate, .interrupt, .user1]) {
    var unblocked = sigset_t()
    sigemptyset(&unblocked)
    for (signal, number) in numbers where signals.contains(signal) {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { received in
        let bit = received == SIGTERM ? 1 : received == SIGINT ? 2 : 4
        flags.bitwiseOr(bit, ordering: .relaxed)
      }
      action.sa_flags =
        SA_RESTART | (signal == .interrupt ? Int32(bitPattern: UInt32(SA_RESETHAND)) : 0)
      let result = sigaction(number, &action, nil)
      precondition(result == 0, "sigaction refused signal \(number)")
      sigaddset(&unblocked, number)
    }
    let result = pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
    precondition(result == 0, "pthread_sigmask refused to unblock")
  }

  /// Undoes ``watch(_:)``: these signals end the process again, and one that has arrived meanwhile
  /// does so at once.
  public static func release() {
    for (_, number) in numbers { signal(number, SIG_DFL) }
    for (signal, number) in numbers where received.contains(signal) { raise(number) }
  }

  private static let numbers: [(Signals, Int32)] = [
    (.terminate, SIGTERM), (.interrupt, SIGINT), (.user1, SIGUSR1),
  ]
}

extension Communicator {
  /// What has arrived on any rank, so that all ranks stop at the same step.
  ///
  /// A signal reaches ranks at different times; a rank that acted on ``Signals/received`` alone
  /// would leave the others waiting. Collective: one small all-reduce.
  ///
  /// - Throws: ``MPIError``.
  public func signalsOnAnyRank() throws -> Signals {
    let here = Signals.received
    var ranks = Signals.each.map { here.contains($0) ? 1.0 : 0.0 }
    try ranks.withUnsafeMutableBufferPointer { try allReduceSum($0) }
    return zip(Signals.each, ranks).reduce(into: []) { union, signal in
      if signal.1 > 0 { union.insert(signal.0) }
    }
  }
}

/// The bits that arrived; a constant initial value, so that the handler never runs an initializer.
private let flags = Atomic<Int>(0)
