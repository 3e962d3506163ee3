// Checks of Signals: flags on this rank, and the agreement of all ranks.

import Foundation
import VARedDist

/// `signals raise`: the last rank alone gets each signal, all ranks see it. `signals wait`: says
/// `ready`, then polls for signals from outside until one has arrived, and says which; `twice`:
/// then waits for a second one.
func checkSignals(_ check: RankCheck) throws {
  Signals.watch()
  check.expect(Signals.received.isEmpty, "flags before any signal")
  if check.arguments.first == "wait" {
    try waitForSignals(check)
    return
  }
  let each: [(Signals, Int32)] = [
    (.terminate, SIGTERM), (.user1, SIGUSR1), (.interrupt, SIGINT),
  ]
  for (signal, number) in each {
    Signals.clear()
    let isLast = check.rank == check.size - 1
    if isLast { raise(number) }
    check.expectEqual(Signals.received, isLast ? signal : [], "signal \(number) here")
    check.expectEqual(
      try check.communicator.signalsOnAnyRank(), signal, "signal \(number) on any rank")
  }
}

/// Polls every 10 ms, for ten minutes and more.
private let pollsOfAHang = 60_000

private func waitForSignals(_ check: RankCheck) throws {
  try check.communicator.barrier()
  if check.rank == 0 {
    say("ready")
  }
  var received: Signals = []
  for _ in 0..<pollsOfAHang where received.isEmpty {
    usleep(10_000)
    received = try check.communicator.signalsOnAnyRank()
  }
  check.expect(!received.isEmpty, "no signal came")
  if check.rank == 0 { say("received \(received.rawValue)") }
  if check.arguments.last == "twice" {
    for _ in 0..<pollsOfAHang { usleep(10_000) }
  }
}
