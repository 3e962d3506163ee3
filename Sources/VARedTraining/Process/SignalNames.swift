// What signals are called in messages.

import VARedDist

extension Signals {
  /// As the system calls those that it sends; the others as their flags are called.
  var names: String {
    let known: [(Signals, String)] = [
      (.terminate, "SIGTERM"), (.interrupt, "SIGINT"), (.user1, "SIGUSR1"),
      (.timeLimit, "the time limit"), (.stepLimit, "the step limit"),
    ]
    return known.filter { contains($0.0) }.map(\.1).joined(separator: " and ")
  }
}
