// A signal is answered at once with a line, however long the step takes that is under way.

import Foundation
import Synchronization
import VARedDist

/// Says on this process's standard error which signal has arrived, once for each.
final class SignalNotice: Sendable {
  private let isOver = Atomic(false)

  /// Starts to listen, on a thread of its own.
  init() {
    let thread = Thread { [self] in
      var said: Signals = []
      while !isOver.load(ordering: .relaxed) {
        Thread.sleep(forTimeInterval: 0.02)
        let new = Signals.received.subtracting(said)
        guard !new.isEmpty else { continue }
        said.formUnion(new)
        Terminal.warn(Self.line(new))
      }
    }
    thread.name = "signal-notice"
    thread.start()
  }

  /// Ends the thread.
  func stop() { isOver.store(true, ordering: .relaxed) }

  private static func line(_ signals: Signals) -> String {
    let isUnderMpirun = ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"] != nil
    let mpirun =
      isUnderMpirun && signals.contains(.terminate)
      ? "; if mpirun got it, it kills its ranks in a second: send it SIGUSR1 instead" : ""
    let isOfSystem = !signals.isDisjoint(with: [.terminate, .interrupt, .user1])
    return "\(signals.names) \(isOfSystem ? "received" : "reached"): stopping in order\(mpirun)"
  }
}
