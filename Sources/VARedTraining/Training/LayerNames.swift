// Which layer a pass has come to, for the message of a stall.

import VARedNN

/// The layers of a network by where their parameters lie in the flat buffer.
struct LayerNames: Sendable {
  private let layers: [(offset: Int, name: String)]

  init(_ parameters: Parameters) {
    layers = parameters.entries.map { ($0.offset, $0.name) }
  }

  /// Names, when it is asked, the parameter that lies at `offset`, the first of what is computed
  /// now.
  func name(at offset: Int) -> @Sendable () -> String {
    { layers.last { $0.offset <= offset }.map { "from \($0.name) on" } ?? "" }
  }

  /// Names, when it is asked, the parameter whose gradient comes next where those from `offset` on
  /// are final.
  func name(before offset: Int) -> @Sendable () -> String {
    { layers.last { $0.offset < offset }.map { "at \($0.name)" } ?? "" }
  }
}
