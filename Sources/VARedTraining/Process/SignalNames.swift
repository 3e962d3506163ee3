// What signals are called in messages.

import VARedDist

extension Signals {
  /// As the system calls them.
  var names: String {
    let known: [(Signals, String)] = [
      (.terminate, "SIGTERM"), (.interrupt, "SIGINT"), (.user1, "SIGUSR1"),
      (.timeLimit, "the time limit"),
    ]
    return known.filter { contains($0.0) }.map(\.1).joined(separator: " and ")
  }
}
